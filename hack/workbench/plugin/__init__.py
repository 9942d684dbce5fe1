"""`kubectl azvpn` as archives for krew, and the manifest that names them."""
