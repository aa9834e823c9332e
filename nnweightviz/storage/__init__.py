"""Forms that histories and checkpoints have on disk, one file a form. Files are read lazily and never executed."""
