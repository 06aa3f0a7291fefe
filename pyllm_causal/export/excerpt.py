"""A part of this package as one standalone file: the functions that a computation needs, and nothing else.

The source is taken as it is written, with its comments and papers. What a reader of one file has no use for is left out (type
hints, registration), imports of public libraries go to the top, and names that two modules share are told apart.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import NamedTuple

PACKAGE = __name__.split(".", maxsplit=1)[0]
ROOT = Path(__file__).parents[1]
KEPT_DECORATORS = ("dataclass", "property", "classmethod", "staticmethod")
_REMARKS = re.compile(r"[ \t]*# (?:type: ignore|fmt: skip|fmt: off|fmt: on|noqa)[^\n]*")


class Ref(NamedTuple):
    """A definition: the module that holds it, and its name there."""

    module: str
    name: str


class _Edit(NamedTuple):
    start: int
    end: int
    text: str


def excerpt(start: Ref) -> tuple[list[str], str]:
    """(import lines of public libraries, code) with the definition `start` and all that it rests on, in an order that runs.

    Raises `LookupError` for a name that cannot be followed.
    """
    found = _Closure()
    found.add(start)
    names = _told_apart(found.refs)
    pieces = []
    for module in found.order:
        source = _module(module)
        own = [r.name for r in found.refs if r.module == module]
        nodes = sorted({id(source.defs[n]): source.defs[n] for n in own}.values(), key=lambda n: n.lineno)
        if not nodes:
            continue
        title = (ast.get_docstring(source.tree) or "").split("\n\n", maxsplit=1)[0].replace("\n", " ")
        pieces.append("# " + "-" * 100 + "\n" + "\n".join(f"# {line}" for line in _wrapped(title)))
        pieces += [_rendered(source, node, names) for node in nodes]
    code = "\n\n\n".join(pieces)
    return sorted(found.imports), _REMARKS.sub("", code)


def _wrapped(text: str) -> list[str]:
    import textwrap

    return textwrap.wrap(text, 110)


@dataclass
class _Module:
    name: str
    text: str
    tree: ast.Module
    defs: dict[str, ast.stmt] = field(default_factory=dict)
    inside: dict[str, tuple[str, str]] = field(
        default_factory=dict
    )  # local name -> (module of the package, name in it)
    outside: dict[str, str] = field(default_factory=dict)  # local name -> import line
    starts: list[int] = field(default_factory=list)

    def offset(self, line: int, column: int) -> int:
        """Characters before a place that the parser gives as line and bytes."""
        begin = self.starts[line - 1]
        whole = self.text[begin : self.starts[line] if line < len(self.starts) else len(self.text)]
        return begin + len(whole.encode()[:column].decode())


def _path_of(module: str) -> Path | None:
    base = ROOT.joinpath(*module.split(".")[1:])
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


@cache
def _module(name: str) -> _Module:
    path = _path_of(name)
    if path is None:
        raise LookupError(f"no module {name}")
    text = path.read_text(encoding="utf-8")
    module = _Module(name, text, ast.parse(text))
    module.starts = [0]
    for line in text.splitlines(keepends=True):
        module.starts.append(module.starts[-1] + len(line))
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    typing_only = {
        id(inner)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(module.tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            for alias in node.names:
                local = alias.asname or alias.name.partition(".")[0]
                module.outside[local] = f"import {alias.name}" + (f" as {alias.asname}" if alias.asname else "")
        elif isinstance(node, ast.ImportFrom):
            source = node.module or ""
            if node.level:
                parts = package.split(".")
                base = ".".join(parts[: len(parts) - node.level + 1])
                source = f"{base}.{source}" if source else base
            for alias in node.names:
                local = alias.asname or alias.name
                if source.split(".")[0] == PACKAGE:
                    module.inside[local] = (source, alias.name)
                elif source != "__future__":
                    shown = f" as {alias.asname}" if alias.asname else ""
                    module.outside[local] = f"from {source} import {alias.name}{shown}"
    for statement in module.tree.body:
        if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
            module.defs[statement.name] = statement
        elif isinstance(statement, ast.Assign):
            for target in statement.targets:
                for one in ast.walk(target):
                    if isinstance(one, ast.Name):
                        module.defs[one.id] = statement
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            module.defs[statement.target.id] = statement
    return module


def _resolved(module: _Module, name: str) -> Ref | str | None:
    """A definition of the package, the import line of a public library, or None (a builtin)."""
    if name in module.defs:
        return Ref(module.name, name)
    if name in module.outside:
        return module.outside[name]
    if name not in module.inside:
        return None
    source, original = module.inside[name]
    if _path_of(f"{source}.{original}") is not None:
        return Ref(f"{source}.{original}", "")  # a module: used by its attributes
    target = _module(source)
    if original in target.defs:
        return Ref(source, original)
    return _resolved(target, original)


class _Uses(ast.NodeVisitor):
    """Every use of a name that is not local, with the node that uses it; what only type checkers read is passed over."""

    def __init__(self, module: _Module) -> None:
        self.module = module
        self.scopes: list[set[str]] = []
        self.found: list[tuple[ast.Name | ast.Attribute, Ref | str]] = []
        self.removed: list[ast.stmt | ast.expr] = []
        self.hints: list[tuple[ast.arg | ast.FunctionDef, ast.expr]] = []
        self.plain: list[tuple[ast.AnnAssign, bool]] = []  # with whether it declares a field of a record

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        for decorator in node.decorator_list:
            self._decorator(decorator)
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        arguments += [a for a in (node.args.vararg, node.args.kwarg) if a is not None]
        for default in (*node.args.defaults, *(d for d in node.args.kw_defaults if d is not None)):
            self.visit(default)
        self.hints += [(a, a.annotation) for a in arguments if a.annotation is not None]
        if node.returns is not None:
            self.hints.append((node, node.returns))
        self.scopes.append({a.arg for a in arguments} | _bound(node))
        for statement in node.body:
            self.visit(statement)
        self.scopes.pop()

    def _decorator(self, node: ast.expr) -> None:
        called = node.func if isinstance(node, ast.Call) else node
        if isinstance(called, ast.Name) and called.id in KEPT_DECORATORS:
            self.visit(node)
        else:
            self.removed.append(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for decorator in node.decorator_list:
            self._decorator(decorator)
        for base in node.bases:
            self.visit(base)
        for statement in node.body:
            self.visit(statement)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self.scopes.append({a.arg for a in node.args.args})
        self.visit(node.body)
        self.scopes.pop()

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.plain.append((node, not self.scopes))
        self.visit(node.target)
        if node.value is not None:
            self.visit(node.value)

    def visit_Import(self, node: ast.Import) -> None:
        self.removed.append(node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self.removed.append(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if isinstance(node.value, ast.Name) and not self._local(node.value.id):
            target = _resolved(self.module, node.value.id)
            if isinstance(target, Ref) and not target.name:
                inner = _resolved(_module(target.module), node.attr)
                if inner is None:
                    raise LookupError(f"{target.module}.{node.attr}")
                self.found.append((node, inner))
                return
        self.visit(node.value)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load) and not self._local(node.id):
            target = _resolved(self.module, node.id)
            if target is not None:
                self.found.append((node, target))

    def _local(self, name: str) -> bool:
        return any(name in scope for scope in self.scopes)


def _bound(function: ast.FunctionDef) -> set[str]:
    """Names that the function itself binds; its imports count as names from outside."""
    names = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    names |= {
        n.name for n in ast.walk(function) if isinstance(n, (ast.FunctionDef, ast.ClassDef)) and n is not function
    }
    names |= {n.name for n in ast.walk(function) if isinstance(n, ast.ExceptHandler) and n.name}
    return names


def _uses(module: _Module, node: ast.stmt) -> _Uses:
    uses = _Uses(module)
    uses.visit(node)
    return uses


class _Closure:
    """All definitions that one rests on, and the modules in an order in which each comes after what it needs."""

    def __init__(self) -> None:
        self.refs: list[Ref] = []
        self.order: list[str] = []
        self.imports: set[str] = set()

    def add(self, ref: Ref) -> None:
        if ref in self.refs:
            return
        module = _module(ref.module)
        if ref.name not in module.defs:
            raise LookupError(f"{ref.module} defines no {ref.name}")
        self.refs.append(ref)
        for _, target in _uses(module, module.defs[ref.name]).found:
            if isinstance(target, str):
                if not target.startswith("from typing import"):
                    self.imports.add(target)
            elif target.name:
                self.add(target)
        if ref.module in self.order:
            self.order.remove(ref.module)
        self.order.append(ref.module)


def _told_apart(refs: list[Ref]) -> dict[Ref, str]:
    """A name for every definition, its own unless another module has it too."""
    names: dict[Ref, str] = {}
    shared = {r.name for r in refs if sum(o.name == r.name for o in refs) > 1}
    for ref in refs:
        stem = ref.module.rpartition(".")[2]
        if ref.name not in shared or ref.name == "main":
            names[ref] = ref.name
        elif ref.name.isupper():
            names[ref] = f"{stem.upper()}_{ref.name}"
        else:
            names[ref] = f"{stem}_{ref.name.lstrip('_')}"
    return names


def _rendered(module: _Module, node: ast.stmt, names: dict[Ref, str]) -> str:
    """The source of a definition with its remarks above, as the standalone file has it."""
    uses = _uses(module, node)
    first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
    lines = module.text.splitlines()
    while first > 1 and lines[first - 2].startswith("#"):
        first -= 1
    begin, end = module.offset(first, 0), module.offset(node.end_lineno or node.lineno, node.end_col_offset or 0)
    edits: list[_Edit] = []
    for use, target in uses.found:
        if isinstance(target, Ref) and target.name:
            shown = ast.get_source_segment(module.text, use)
            if shown != names[target]:
                edits.append(_Edit(*_span(module, use), names[target]))
    own = getattr(node, "name", None)
    if isinstance(own, str) and names[Ref(module.name, own)] != own:
        place = module.text.index(own, module.offset(node.lineno, node.col_offset))
        edits.append(_Edit(place, place + len(own), names[Ref(module.name, own)]))
    elif isinstance(node, (ast.Assign, ast.AnnAssign)):
        for target_node in [node.target] if isinstance(node, ast.AnnAssign) else node.targets:
            for one in ast.walk(target_node):
                if isinstance(one, ast.Name):
                    edits.append(_Edit(*_span(module, one), names.get(Ref(module.name, one.id), one.id)))
    for said, of_record in uses.plain:
        if of_record and not isinstance(node, ast.AnnAssign):
            edits.append(_Edit(*_span(module, said.annotation), _field_type(ast.unparse(said.annotation))))
        elif said.value is not None:
            edits.append(_hint(module, _span(module, said.target)[1], said.annotation))
    for owner, hint in uses.hints:
        if isinstance(owner, ast.arg):
            edit = _hint(module, module.offset(owner.lineno, owner.col_offset) + len(owner.arg), hint)
            default = re.match(r"\s*=\s*", module.text[edit.end :])
            edits.append(edit if default is None else edit._replace(end=edit.end + default.end(), text="="))
        else:
            start, stop = _span(module, hint)
            edits.append(_Edit(module.text.rindex("->", begin, start), stop, ""))
            edits[-1] = edits[-1]._replace(start=len(module.text[: edits[-1].start].rstrip()))
    for gone in uses.removed:
        if not begin <= module.offset(gone.lineno, gone.col_offset) < end:
            continue
        start, stop = module.starts[gone.lineno - 1], module.starts[gone.end_lineno or gone.lineno]
        if isinstance(gone, ast.stmt) and module.text[stop : stop + 1] == "\n":
            stop += 1
        edits.append(_Edit(start, stop, ""))
    text = module.text
    out, at = [], begin
    for edit in sorted(set(edits)):
        if edit.start < at:
            continue
        out += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join([*out, text[at:end]]).rstrip()


_PLAIN_TYPE = re.compile(r"(?:(?:float|int|bool|str|object|None|tuple|list|dict)|[\[\], |.])+")


def _field_type(hint: str) -> str:
    """A hint for a reader: arrays, plain types as they are, and whatever has a name only in the package left open."""
    if _PLAIN_TYPE.fullmatch(hint):
        return hint
    arrays = re.fullmatch(r"(?:Floats|Ints|Mask|NDArray\[[\w.]+\])( \| None)?", hint)
    return f"np.ndarray{arrays[1] or ''}" if arrays else "object"


def _hint(module: _Module, start: int, hint: ast.expr) -> _Edit:
    return _Edit(start, _span(module, hint)[1], "")


def _span(module: _Module, node: ast.expr) -> tuple[int, int]:
    return (
        module.offset(node.lineno, node.col_offset),
        module.offset(node.end_lineno or node.lineno, node.end_col_offset or 0),
    )
