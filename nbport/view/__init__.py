"""Pictures of images: pixels to colours, resolution rings, predicted spots. Pillow does the drawing."""
