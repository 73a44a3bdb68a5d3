"""The tests are a package of their own name: a dependency has brought one called so, too."""
