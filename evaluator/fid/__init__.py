"""FID of two folders of pictures, or of statistics of them, as pytorch-fid's command gives it.

Light to import. On a CPU nothing here loads torch: importing it would take longer than a hundred
pictures do.
"""
