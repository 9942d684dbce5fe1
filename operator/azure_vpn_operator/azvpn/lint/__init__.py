"""`kubectl azvpn lint`: what the API server and the operator would say of manifests, with file, line and column, and without either.

`sources` finds files, and `surroundings` knows which of them are parts of something. `documents` reads them and remembers places:
`composing` makes nodes of text, `values` values of nodes. `judging` asks the domain about each object and `crossing` about all of
them; `formats` has a module for each form of output. Nothing here knows a rule, and nothing loads pydantic: that is most of a start.
"""
