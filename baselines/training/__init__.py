"""What training has in common: settings, pictures, the one loop, checkpoints, sample grids."""
