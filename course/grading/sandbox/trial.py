"""Say what this process can confine a child with: started once, to find out what a machine allows."""

import json

from course.grading.sandbox.isolation import trial

if __name__ == "__main__":
    print(json.dumps(trial()))
