"""`nbport verify`: other implementations of nanoBragg, judged case by case and feature by feature."""
