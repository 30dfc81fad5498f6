"""The reference's set-up, one module a section, in its order.

headers -> sizes -> detector.choose_convention -> sampling -> detector.orient_detector ->
crystal -> structure_factors -> sources -> mosaic. `nbport.simulation.prepare` calls them.
"""
