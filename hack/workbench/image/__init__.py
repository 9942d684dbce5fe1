"""The operator's image: how it is built where there is a container engine and where there is none, and what is in it."""
