"""What the workflows of GitHub run: every ``run:`` is one call of a module here, or a make target.

``changed``, ``documents``, ``require``, ``tools``, ``image``, ``sign`` and ``infra`` need Python alone; the
others need the packages of nightlabel.
"""
