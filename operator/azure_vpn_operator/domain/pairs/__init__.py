"""Two halves of a VNet-to-VNet tunnel seen side by side."""
