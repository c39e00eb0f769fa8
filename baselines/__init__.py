"""Methods of the field as entries: one file each, exported as an archive anyone could send.

Nothing here has a private path: the archives go through the same intake, sandbox and scorer as a
stranger's. This package imports the evaluator and never the site.
"""
