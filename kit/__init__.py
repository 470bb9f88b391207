"""The helper package of the labs and the home of the command ``kit``.

Layers, from the ground up; a module imports only from layers below its own (``tests/test_architecture.py``):

1. ground: ``errors``, ``settings``
2. services: ``i18n``, ``azure``, ``tokens``, ``plots``
3. machines: ``notebooks``, ``simulator``, ``evaluation``, ``training``, which never import each other
4. faces: ``cli`` and ``lab``, the only module that a notebook imports
"""

__version__ = "0.1.0"
