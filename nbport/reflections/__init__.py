"""Structure factors from the files of crystallography: MTZ, mmCIF and PDB, by gemmi."""
