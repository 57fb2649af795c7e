"""What an author starts from: `course dev new` writes a chapter that passes every rule but `unwritten`."""

from __future__ import annotations

from course.build import build
from course.chapters import NAME, Chapter, Course
from course.errors import CourseError, UsageMistake
from course.files import write_whole

__all__ = ["new_chapter"]

CHAPTER = """\
---
jupyter:
  course:
    title: {title}
    part: PRACTICE
    minutes: 15
    needs: []
---

# {title}

✎ one sentence that makes the reader curious.

## You will do

✎ one sentence: what the reader will have made at the end.

## You will learn

- Measure ✎ what the reader will be able to do, beginning with a verb.
- Explain ✎ a second objective.

## Before you start

✎ what the reader should know or have done, with links to chapters.

## ✎ a first idea

✎ why the next cell is worth running, and what to predict before it runs.

```python id="first-idea"
import numpy as np

from course import check, quiz

np.arange(3)
```

✎ what to see in the result.

## Your turn

✎ what to write, in two sentences; which function, which shapes, which units.

```python solution="double"
def double(x):
    # BEGIN SOLUTION
    return 2 * x
    # END SOLUTION
```

```python
check("{name}/double")
```

## Quiz

```python
quiz("{name}/end")
```

## Take-away

- ✎ what to remember.
- ✎ a second thing to remember.

## Further reading

- ✎ a dated source.
"""

QUIZ = """\
---
title: {title}
---

## your-turn

### ✎ what the function does, in a sentence. {{#double task=double points=1}}

```python cases
def reference(x):
    return 2 * x


visible = [(21,), (array([0.5, -1.0]),)]


def hidden(rng):
    yield (rng.normal(size=5),)


wrong = [("squared", "def double(x): return x * x", "✎ what to tell who squares it")]
```

> **Hint:** ✎ a question that leads there.
> **Explanation:** ✎ two sentences.

## end

### ✎ What does the reader understand now? {{#understood points=1}}

- [x] ✎ The right answer.
  > ✎ Why it is right.
- [ ] ✎ A misconception that people really have.
  > ✎ What makes it tempting, and why it is wrong.

> **Hint:** ✎ a question that leads there.
> **Explanation:** ✎ two sentences.
"""


def new_chapter(course: Course, name: str) -> Chapter:
    """Write the source, the quiz file and the notebook of a new chapter. Nothing that exists is overwritten.

    Raises `UsageMistake` for a name that is no chapter's, `CourseError` where its files or its number are taken.
    """
    if not NAME.fullmatch(name):
        raise UsageMistake(
            f"{name!r} is not a chapter's name", help="two digits, an underscore, lower-case letters: 16_boosting"
        )
    chapter = course.at(name)
    for path in (chapter.source, chapter.quiz, chapter.notebook):
        if path.exists():
            raise CourseError("the chapter exists already", place=str(path), help="edit it, or choose another name")
    if taken := [other.name for other in course.chapters() if other.name[:2] == name[:2]]:
        raise CourseError(f"the number {name[:2]} belongs to {taken[0]}", help="choose another number")
    topic = name[3:].replace("_", " ")
    title = f"{topic[0].upper()}{topic[1:]}"
    write_whole(chapter.source, CHAPTER.format(title=title, name=name))
    write_whole(chapter.quiz, QUIZ.format(title=title))
    build(course, [chapter])
    return chapter
