"""What the process says about itself: metrics and logs.

Nothing in here may know what it is measuring beyond names and numbers, and nothing may let a secret out.
"""
