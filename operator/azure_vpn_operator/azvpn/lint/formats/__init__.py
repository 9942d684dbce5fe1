"""The report in one form each; every module offers `render`."""
