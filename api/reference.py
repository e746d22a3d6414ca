"""reference.py FILE: api/openapi.yaml as one page of HTML, for /docs.  No
script, nothing from elsewhere: a browser with a strict Content-Security-Policy
shows all of it."""

import html
import json
import re
import sys

import yaml

METHODS = ("get", "put", "post", "patch", "delete")
WHO = {
    "birthCertificate": "birth certificate",
    "deviceCertificate": "device certificate",
    "raCertificate": "registration authority's certificate",
    "enrollToken": "enroll token",
    "bootstrapToken": "bootstrap token",
    "evidenceHandle": "handle of evidence",
    "ownerProof": "owner's app key",
    "ownerSession": "owner's session",
    "accessToken": "app's access token",
    "adminToken": "operator's token",
}
SAMPLES = {"date-time": "2026-11-21T12:00:00Z", "date": "2026-11-21",
    "uri": "https://example.com",
    "uuid": "01a1ff54-30d9-7e08-8e2b-1d1f6a6c0001"}


def text(words):
    """Plain words as HTML: `code` is marked, empty lines part paragraphs."""
    parts = re.split(r"\n\s*\n", (words or "").strip())
    return "".join("<p>" + re.sub(r"`([^`]+)`", r"<code>\1</code>",
        html.escape(part)) + "</p>" for part in parts if part)


class Reference:
    """The contract, and how its parts look."""

    def __init__(self, contract):
        self.contract = contract
        self.components = contract["components"]

    def resolve(self, thing):
        """What a $ref means."""
        while isinstance(thing, dict) and "$ref" in thing:
            _, _, kind, name = thing["$ref"].split("/")
            thing = self.components[kind][name]
        return thing

    def kind(self, schema):
        """A type in words, with a link if it has a name."""
        if "$ref" in schema:
            name = schema["$ref"].rsplit("/", 1)[1]
            return f'<a href="#schema-{name}">{name}</a>'
        if "const" in schema:
            return f"<code>{html.escape(json.dumps(schema['const']))}</code>"
        if "enum" in schema:
            return ", ".join(f"<code>{html.escape(json.dumps(v))}</code>"
                for v in schema["enum"])
        for many in ("oneOf", "anyOf", "allOf"):
            if many in schema:
                return " or ".join(self.kind(s) for s in schema[many])
        if "items" in schema:
            return "list of " + self.kind(schema["items"])
        kind = schema.get("type", "anything")
        return " or ".join(kind) if isinstance(kind, list) else kind

    def limits(self, schema):
        """What else a value has to be."""
        said = [f"{schema['format']}"] if "format" in schema else []
        words = (("minimum", "at least {}"), ("maximum", "at most {}"),
            ("minLength", "{} characters or more"),
            ("maxLength", "at most {} characters"),
            ("minItems", "{} or more"), ("maxItems", "at most {}"))
        said += [w.format(schema[k]) for k, w in words if k in schema]
        if "pattern" in schema:
            said.append(f"<code>{html.escape(schema['pattern'])}</code>")
        return "; ".join(said)

    def fields(self, schema):
        """An object's members as a table."""
        schema = self.resolve(schema)
        members = schema.get("properties", {})
        if not members:
            return ""
        need = schema.get("required", [])
        rows = "".join(
            f"<tr><th scope=row><code>{html.escape(name)}</code>"
            f"{'' if name in need else ' <small>optional</small>'}</th>"
            f"<td>{self.kind(s)}{', ' if self.limits(s) else ''}"
            f"{self.limits(s)}{text(s.get('description'))}</td></tr>"
            for name, s in members.items())
        return f"<table>{rows}</table>"

    def example(self, schema, depth=0):
        """A value of that shape."""
        schema = self.resolve(schema)
        for key in ("example", "const", "default"):
            if key in schema:
                return schema[key]
        if schema.get("examples"):
            return schema["examples"][0]
        if "enum" in schema:
            return schema["enum"][0]
        for many in ("oneOf", "anyOf"):
            if many in schema:
                return self.example(schema[many][0], depth)
        if "allOf" in schema:
            return {k: v for s in schema["allOf"]
                for k, v in self.example(s, depth).items()}
        kind = schema.get("type")
        kind = kind[0] if isinstance(kind, list) else kind
        if kind == "object" or "properties" in schema:
            need = schema.get("required", [])
            return {k: self.example(v, depth + 1)
                for k, v in schema.get("properties", {}).items()
                if depth < 3 and (k in need or depth < 2)}
        if kind == "array":
            return [self.example(schema.get("items", {}), depth + 1)]
        if kind == "integer":
            return schema.get("minimum", 1)
        return {"boolean": False, "number": 1, "null": None}.get(kind,
            SAMPLES.get(schema.get("format"), "..."))

    def shown(self, schema):
        words = json.dumps(self.example(schema), indent=2, ensure_ascii=False)
        return f"<pre><code>{html.escape(words)}</code></pre>"

    def callers(self, operation):
        """Who may call: the alternatives of `security`."""
        ways = []
        for way in operation.get("security", []):
            ways.append(" and ".join(
                f'<a href="#who-{name}">{WHO[name]}</a>' + "".join(
                    f" with <code>{html.escape(s)}</code>" for s in scopes)
                for name, scopes in way.items()) or "anyone")
        return " · ".join(ways) or "anyone"

    def content(self, content):
        """Bodies by their media types."""
        out = ""
        for media, body in content.items():
            schema = body.get("schema", {})
            out += f"<p><code>{html.escape(media)}</code> "
            out += "" if self.resolve(schema).get("properties") and (
                "$ref" not in schema) else self.kind(schema)
            out += "</p>"
            if "$ref" not in schema:
                out += self.fields(schema)
            if "json" in media:
                out += self.shown(schema)
        return out

    def parameters(self, shared, operation):
        found = [self.resolve(p) for p in
            [*shared, *operation.get("parameters", [])]]
        rows = "".join(
            f"<tr><th scope=row><code>{html.escape(p['name'])}</code> "
            f"<small>{p['in']}{'' if p.get('required') else ', optional'}"
            f"</small></th><td>{self.kind(p['schema'])} "
            f"{self.limits(self.resolve(p['schema']))}"
            f"{text(p.get('description'))}</td></tr>" for p in found)
        return f"<h4>Parameters</h4><table>{rows}</table>" if rows else ""

    def answers(self, operation):
        out = "<h4>Answers</h4>"
        for status, response in operation["responses"].items():
            response = self.resolve(response)
            word = "any other" if status == "default" else status
            headers = ", ".join(f"<code>{h}</code>" for h in
                response.get("headers", {}))
            inner = text(response.get("description"))
            inner += f"<p>Headers: {headers}</p>" if headers else ""
            inner += self.content(response.get("content", {}))
            out += (f"<details{' open' if status[0] == '2' else ''}><summary>"
                f"<b>{word}</b></summary>{inner}</details>")
        return out

    def operation(self, path, method, shared, op):
        body = self.resolve(op.get("requestBody", {}))
        request = ("<h4>Request</h4>" + text(body.get("description"))
            + self.content(body["content"]) if body else "")
        return (f'<section id="{op["operationId"]}"><h3><b>{method.upper()}'
            f"</b> <code>{html.escape(path)}</code></h3>"
            f"{text(op['summary'])}{text(op.get('description'))}"
            f"<p>Who: {self.callers(op)}</p>"
            f"{self.parameters(shared, op)}{request}{self.answers(op)}"
            "</section>")

    def operations(self, tag):
        return [(path, method, item.get("parameters", []), item[method])
            for path, item in self.contract["paths"].items()
            for method in METHODS if method in item
            and tag == item[method]["tags"][0]]

    def page(self):
        info, nav, main = self.contract["info"], "", ""
        for tag in self.contract["tags"]:
            name, ops = tag["name"], self.operations(tag["name"])
            links = "".join(f'<li><a href="#{op["operationId"]}"><b>'
                f"{m.upper()}</b> {html.escape(p)}</a></li>"
                for p, m, _, op in ops)
            nav += (f"<details><summary>{name}</summary><ul>{links}</ul>"
                "</details>")
            main += f'<h2 id="{name}">{name}: {tag["description"]}</h2>'
            main += "".join(self.operation(*op) for op in ops)
        who = "".join(f'<dt id="who-{name}">{WHO[name]}</dt>'
            f"<dd>{text(scheme.get('description'))}</dd>"
            for name, scheme in self.components["securitySchemes"].items())
        shapes = "".join(f'<section id="schema-{name}"><h3>{name}</h3>'
            f"{text(s.get('description'))}{self.fields(s) or self.kind(s)} "
            f"{self.limits(s)}</section>"
            for name, s in self.components["schemas"].items())
        return (
            '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
            f"<title>{info['title']}: the interface</title>\n"
            '<meta name="viewport" content="width=device-width, '
            'initial-scale=1">\n'
            '<link rel="icon" href="/assets/icon.svg">\n'
            '<link rel="stylesheet" href="/assets/reference.css">\n'
            f"<header><h1>{info['title']}: the interface</h1></header>\n"
            f'<nav aria-label="Routes">{nav}<a href="#who">Who may call</a> '
            '<a href="#schemas">Shapes</a></nav>\n'
            f"<main>{text(info['description'])}{main}"
            f'<h2 id="who">Who may call</h2><dl>{who}</dl>'
            f'<h2 id="schemas">Shapes</h2>{shapes}</main>\n</html>\n')


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as contract:
        sys.stdout.write(Reference(yaml.safe_load(contract)).page())
