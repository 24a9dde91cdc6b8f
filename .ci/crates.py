#!/usr/bin/env python3
"""What holds between crates: no crate links what the table of docs/architecture.md forbids it, and none declares
a dependency that it does not use.

A cell of the column "never links" holds names and patterns of packages, "crates of ours", and after "but" those of
ours that may be linked after all. What is said to be "direct" holds for a crate's own dependencies alone.
"""

import fnmatch
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
METADATA = ["cargo", "metadata", "--locked", "--format-version", "1", "--all-features"]


class Workspace:
    def __init__(self):
        metadata = json.loads(subprocess.check_output(METADATA, cwd=ROOT))
        self.packages = {package["id"]: package for package in metadata["packages"]}
        self.nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
        # Ours by their folders below crates/, such as `core` and `functions/pii-detector`.
        self.ours = {
            str(self.folder(member).relative_to(ROOT / "crates")): member for member in metadata["workspace_members"]
        }

    def folder(self, package):
        return pathlib.Path(self.packages[package]["manifest_path"]).parent

    def name(self, package):
        return self.packages[package]["name"]

    def direct(self, package):
        for dependency in self.nodes[package]["deps"]:
            if any(kind["kind"] in (None, "build") for kind in dependency["dep_kinds"]):
                yield dependency["pkg"]

    def linked(self, package):
        found, open_ends = set(), [package]
        while open_ends:
            new = set(self.direct(open_ends.pop())) - found
            found |= new
            open_ends += new
        return found

    def ours_named(self, pattern):
        return {self.ours[folder] for folder in self.ours if fnmatch.fnmatch(folder, pattern)}


def arrows(workspace):
    text = (ROOT / "docs/architecture.md").read_text()
    rows = re.findall(r"^\| `([^`]+)` \|.*\| ([^|]*) \|$", text.split("never links")[1].split("\n\n")[0], re.M)
    described = set()
    for crate, forbidden in rows:
        crates = workspace.ours_named(crate)
        if not crates:
            yield f"docs/architecture.md: there is no crate {crate}"
        described |= crates
        refused, _, allowed = forbidden.partition(" but ")
        spared = set().union(*map(workspace.ours_named, re.findall(r"`([^`]+)`", allowed)))
        for package in crates:
            for found in workspace.linked(package):
                if "crates of ours" in refused and found in workspace.ours.values() and found not in spared:
                    yield f"{workspace.name(package)} links {workspace.name(found)}"
            for pattern, direct in re.findall(r"`([^`]+)`( direct)?", refused):
                for found in workspace.direct(package) if direct else workspace.linked(package):
                    if fnmatch.fnmatch(workspace.name(found), pattern):
                        yield f"{workspace.name(package)} links {workspace.name(found)}"
    for package in set(workspace.ours.values()) - described:
        yield f"docs/architecture.md does not say what {workspace.name(package)} never links"


def unused(workspace):
    for member in workspace.ours.values():
        folder, package = workspace.folder(member), workspace.packages[member]
        # As cargo-machete has it: a dependency that is there for its features.
        ignored = ((package["metadata"] or {}).get("cargo-machete") or {}).get("ignored", [])
        shipped = source(folder / "src")
        texts = {None: shipped, "dev": shipped + source(folder / "tests") + source(folder / "examples")}
        texts["build"] = (folder / "build.rs").read_text() if (folder / "build.rs").exists() else ""
        for dependency in workspace.nodes[member]["deps"]:
            for kind in {kind["kind"] for kind in dependency["dep_kinds"]}:
                if not re.search(rf"\b{dependency['name']}\b", texts[kind]):
                    if workspace.name(dependency["pkg"]) not in ignored:
                        yield f"{package['name']} does not use {workspace.name(dependency['pkg'])} ({kind or 'normal'})"


def source(folder):
    """The code in a folder, and what it takes from elsewhere by a path of its own."""
    texts = []
    for file in folder.rglob("*.rs"):
        texts.append(file.read_text())
        texts += [(file.parent / path).read_text() for path in re.findall(r'#\[path = "(\.\./[^"]+)"\]', texts[-1])]
    return "".join(texts)


workspace = Workspace()
problems = sorted({*arrows(workspace), *unused(workspace)})
print("\n".join(problems), end="\n" if problems else "")
sys.exit(bool(problems))
