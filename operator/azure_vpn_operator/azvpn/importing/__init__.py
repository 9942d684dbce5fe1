"""`kubectl azvpn import`: manifests for what exists already, in Azure or in somebody's files."""
