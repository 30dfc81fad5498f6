"""The reference's set-up, one module a section, in its order.

headers -> sizes -> detector.choose_convention -> sampling -> detector.orient_detector ->
crystal -> structure_factors -> sources -> mosaic. `nbport.setup.scene.prepare` calls them.
"""
