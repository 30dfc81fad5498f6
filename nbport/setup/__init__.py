"""The reference's set-up, with one module per section, in the reference's order.

headers -> sizes -> detector.choose_convention -> sampling -> detector.orient_detector ->
crystal -> structure_factors -> sources -> mosaic. `nbport.setup.scene.prepare` calls them.
"""
