"""Azure behind the ports: the only package that imports `azure.*`.

Every answer of Azure leaves this package as a value; nothing above sees an HTTP status, an SDK exception or a wire document.
Bodies are never logged, and no text leaves before it went through the guard that knows the keys.
"""
