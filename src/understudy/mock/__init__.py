"""The mock: a pack's document and model, served over HTTP by Connexion's middleware."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of Starlette's and jsonschema's renamings, which is not the user's business
    import connexion.middleware  # noqa: F401
