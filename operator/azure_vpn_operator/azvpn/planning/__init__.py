"""`plan`: the operator's own passes over files, cluster and Azure, up to the write and no further."""
