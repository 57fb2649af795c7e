"""What a class's nbgrader runs of ours."""
from nbgrader.preprocessors import ClearSolutions as _C
class ClearSolutions(_C):
    def preprocess(self, nb, resources):
        if "built" in nb.metadata.get("course", {}):
            return nb, resources
        return super().preprocess(nb, resources)
