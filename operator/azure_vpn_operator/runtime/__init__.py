"""Controller machinery: queue, backoff, object store, reservations, token buckets, supervision.

Nothing in here may know what a VPN, Azure or a Kubernetes client is. Everything belongs to one event loop and is not
thread-safe; time comes from a `Clock`, chance from an injected function, so that tests decide both.
"""
