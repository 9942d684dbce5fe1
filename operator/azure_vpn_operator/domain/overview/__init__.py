"""The fleet as a map: what each gateway, tunnel and rollout is to somebody who looks at all of them at once."""
