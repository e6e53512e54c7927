"""The catalog as a contract with the public: checked, compared, found in the source, published.

Standard library only, so that a tool's maker needs no collector for it.
"""
