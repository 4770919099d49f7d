"""`python test/corpus/truth/verify.py [TEXT] [--folder=FOLDER]`: holds each snippet against a model with exactly its expected departures; exits 1 where one is not so.

It asks in float64, by trajectories (eval, train, train, eval, train, eval) with gradients, then for what a model can't say: mutation, graphs in
buffers, layouts, cancellation in float32. Each expected departure left out must show. Half precision is not asked.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import json
import pathlib
import re
import sys
import textwrap
import types

import torch

from model import Truth

FOLDER = pathlib.Path(__file__).parent.parent / "snippets"
SHAPES = {
    "BatchNorm1d": (7, 6), "BatchNorm2d": (4, 6, 3, 5), "BatchNorm3d": (3, 6, 2, 3, 4), "LayerNorm": (5, 4, 6), "RMSNorm": (5, 4, 6),
    "InstanceNorm1d": (3, 6, 7), "InstanceNorm2d": (3, 6, 4, 5), "InstanceNorm3d": (3, 6, 2, 4, 5), "GroupNorm": (3, 6, 4, 5),
}  # fmt: skip
UNSEEN = {"running.gradient", "input.mutated", "input.layout", "variance.algorithm", "precision.affine", "precision.accumulation",
          "weight.initial", "statistics.untracked-eval"}  # fmt: skip


def code_of(path):
    text = path.read_text()
    if path.suffix == ".py":
        return text
    blocks = re.findall(r"(?ms)^([ \t]*)(```+|~~~+)[^\n]*\n(.*?)^[ \t]*\2", text)
    return "\n".join(textwrap.dedent(body) for _, _, body in blocks)


class Verifier:
    def __init__(self, name, cls, expected):
        self.name, self.cls = name, cls
        self.layer, self.findings = expected["layer"], expected["findings"]
        self.told = expected.get("truth", {})
        self.pixel = self.told.get("pixel", self.layer == "LayerNorm" and self.findings.get("affine.shape") == "C")
        place = self.findings.get("channel.axis")
        plain = (3, 6, 4, 5) if self.pixel else SHAPES[self.layer]
        plain = (*plain[:1], *plain[2:], plain[1]) if place == "-1" else (plain[1], plain[0], *plain[2:]) if place == "0" else plain
        self.shape = tuple(self.told.get("shape", plain))
        self.tracked = self.told.get("tracked", "flag" in self.told)
        if "rank" in self.told and "shape" not in self.told:
            self.shape = self.drawn_shape()
        if self.findings.get("affine.shape") == "last-axis":
            self.shape = (*self.shape[:-1], 6)
        if "input.mutated" in self.findings:
            self.told = {"grad": False, **self.told}
        if place == "0":
            self.told = {"vary": False, **self.told}
        self.graph_flows = not ("statistics.train" in self.findings and "running.gradient" in self.findings)
        self.faults = []

    def drawn_shape(self):
        """Of a subject from the generator, which says its rank and trailing axes."""
        if self.layer in ("LayerNorm", "RMSNorm"):
            return (3, 6, 4, 5) if self.pixel else (3, 5, 4, 6)
        plain = (4, 6) if self.told["rank"] == 2 else SHAPES["BatchNorm1d"] if self.layer == "BatchNorm1d" else self.shape
        if self.told["rank"] == 3 and self.layer == "BatchNorm1d":
            plain = {"-1": (4, 5, 6), "0": (6, 4, 5)}.get(self.findings.get("channel.axis"), (4, 6, 5))
        return plain if self.told["rank"] > 2 else (7, 6)

    def make(self, momentum=None):
        names = inspect.signature(self.cls).parameters
        kw = {self.told.get("momentum", "momentum"): momentum} if momentum is not None else {}
        if "flag" in self.told:
            kw[self.told["flag"]] = True
        sizes = [[6, 3] if self.told.get("groupsFirst") is False else [3, 6]] if self.layer == "GroupNorm" else [[6]]
        if self.told.get("tuple"):
            sizes = [[self.shape[-self.told["trailing"] :]]]
        args = self.told.get("args", sizes[0])
        if not any(p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in names.values()) and "args" not in self.told:
            args = []
        torch.manual_seed(0)
        made = self.cls(*args, **kw)
        return self.widened(made)

    def widened(self, made):
        """In float64, plain attributes too."""
        for module in made.double().modules():
            for name, value in list(vars(module).items()):
                if isinstance(value, torch.Tensor) and value.is_floating_point():
                    setattr(module, name, value.double())
        return made

    def truth(self, findings, momentum):
        if self.told.get("tuple"):
            return Truth(self.layer, findings, len(self.shape), self.shape[-self.told["trailing"] :], 1, momentum)
        size = self.told.get("size", self.shape[-1] if self.layer in ("LayerNorm", "RMSNorm") and not self.pixel else 6)
        return Truth(self.layer, findings, len(self.shape), size, self.told.get("groups", 3), momentum, self.tracked, self.pixel)

    def roles(self, made):
        """Parameters, then buffers or plain attributes, as (name, tensor); the first is weight or mean unless its start says otherwise."""
        params = [p for p in made.parameters()]
        if len(params) > 1 and self.told.get("swap_parameters", bool((params[0] == 0).all() and (params[1] == 1).all())):
            params[:2] = params[1::-1]
        form = self.findings.get("affine.form")
        weight = params[0] if params and form != "bias-only" else None
        bias = params[1] if len(params) > 1 else params[0] if form == "bias-only" else None
        return weight, bias

    def buffers(self, made):
        found = []
        for module in made.modules():
            here = dict(module.named_buffers(recurse=False))
            here.update({k: v for k, v in vars(module).items() if isinstance(v, torch.Tensor)})
            found += [v for k, v in here.items() if v.is_floating_point() and v.numel() > 1 and k not in self.told.get("other", [])]
        return found

    def trajectory(self, made, truth, seed, compare):
        gen = torch.Generator().manual_seed(seed)
        normal = lambda *shape: torch.randn(*shape, generator=gen, dtype=torch.float64)
        weight, bias = self.roles(made)
        with torch.no_grad():
            for p in (weight, bias):
                if p is not None:
                    p.copy_(normal(*p.shape))
        for step, training in enumerate([False, True, True, False, True, False]):
            made.train(training)
            shape = (self.shape[0] + step % 2, *self.shape[1:]) if self.told.get("vary", True) else self.shape
            sigma = 10 ** (torch.rand(1, *shape[1:2], *[1] * (len(shape) - 2), generator=gen, dtype=torch.float64) * 7 - 6)
            scale = sigma if self.layer not in ("LayerNorm", "RMSNorm") else 10 ** (torch.rand(*shape[:1], *[1] * (len(shape) - 1), generator=gen, dtype=torch.float64) * 7 - 6)
            x = (normal(*shape) * scale + normal(*scale.shape) * (self.layer != "RMSNorm")).requires_grad_()
            up = normal(*shape)
            kept = x.detach().clone()
            y = made(x * 1 if self.told.get("grad") is not False else kept.clone())
            gx = None if self.told.get("grad") is False else torch.autograd.grad(y, x, up)[0]
            for b in self.buffers(made):
                b.detach_()
            x2 = kept.clone().requires_grad_()
            z = truth(x2, None if weight is None else weight.detach(), None if bias is None else bias.detach(), training)
            (gz,) = torch.autograd.grad(z, x2, up)
            compare(f"step {step} output", y.detach(), z.detach())
            if gx is not None and self.graph_flows:
                compare(f"step {step} gradient", gx, gz)
            if truth.tracks and self.told.get("buffers", True):
                got = self.buffers(made)
                if self.told.get("swap_buffers"):
                    got.reverse()
                if len(got) < 2:
                    return compare("a buffer that is missing", x.detach(), x.detach() + 1)
                compare(f"step {step} mean buffer", got[0].reshape(-1), truth.rm)
                compare(f"step {step} variance buffer", got[1].reshape(-1), truth.rv)

    def verify(self):
        rtol = self.told.get("rtol", 1e-3 if "variance.algorithm" in self.findings else 1e-8)
        momenta = [None]
        if "momentum" in inspect.signature(self.cls).parameters or "momentum" in self.told:
            momenta.append(0.25)
        for momentum in momenta:
            seen = momentum if momentum is not None else self.default_momentum()

            def compare(what, got, want):
                if got.shape != want.shape or not torch.allclose(got, want, rtol=rtol, atol=rtol * (1 + want.abs().max().item()), equal_nan=True):
                    worst = (got - want).abs().max().item() if got.shape == want.shape else float("nan")
                    self.faults.append(f"momentum {momentum}: {what} is off by {worst:.3g}")

            if self.findings.get("channel.axis") == "broadcast-last":
                return self.conduct()
            self.trajectory(self.make(momentum), self.truth(self.findings, seen), 1, compare)
        for axis in set(self.findings) - UNSEEN:
            self.must_show(axis)
        self.conduct()

    def default_momentum(self):
        names = inspect.signature(self.cls).parameters
        name = self.told.get("momentum", "momentum")
        if name in names and names[name].default is not inspect.Parameter.empty:
            return names[name].default
        return None

    def must_show(self, axis):
        shown = []

        def compare(_what, got, want):
            shown.append(got.shape != want.shape or not torch.allclose(got, want, rtol=1e-6, atol=1e-9))

        if axis == "affine.shape" and self.findings[axis] == "scalar":
            if any(p.numel() != 1 for p in self.make().parameters()):
                self.faults.append("affine.shape: no scalar")
            return
        if axis == "eps.placement" and self.findings[axis] == "absent" and self.layer == "RMSNorm":
            if not self.make()(torch.zeros(self.shape, dtype=torch.float64)).isnan().all():
                self.faults.append("eps.placement: not absent")
            return
        less = {k: v for k, v in self.findings.items() if k != axis}
        few = {"none": 0, "weight-only": 1, "bias-only": 1, "weight*x+bias": 2}
        if axis == "affine.form" and self.findings[axis] in few:
            count = len(list(self.make().parameters()))
            if count != few[self.findings[axis]]:
                self.faults.append(f"affine.form: {count} parameters")
            return
        try:
            momentum = 0.25 if self.default_momentum() is not None else None
            self.trajectory(self.make(momentum), self.truth(less, momentum), 2, compare)
        except (RuntimeError, ValueError, IndexError):
            return
        if not any(shown):
            self.faults.append(f"without {axis} nothing changes")

    def conduct(self):
        want = self.findings
        made = self.make().train()
        x = torch.randn(self.shape, dtype=torch.float64)
        if want.get("channel.axis") == "broadcast-last":
            x = torch.randn(4, 6, *range(2, len(self.shape) - 1), 6, dtype=torch.float64)
        kept = x.clone()
        made(x)
        self.expect("input.mutated", "yes", not torch.equal(x, kept))
        x = x.clone().requires_grad_()
        made = self.make().train()
        if self.told.get("grad") is not False:
            made(x * 1)
        buffers = self.buffers(made)
        self.expect("running.gradient", "attached", any(b.requires_grad for b in buffers))
        if "input.mutated" not in want:
            self.expect("input.layout", "contiguous-only", self.refuses_layouts(x.detach()))
        if want.get("precision.affine") is None and "channel.axis" not in want:
            self.cancellation(x.detach())
        weight, _ = self.roles(self.make())
        if weight is not None and "affine.form" not in want:
            ones = bool((weight == 1).all())
            if ones == ("weight.initial" in want):
                self.faults.append(f"weight.initial: weight starts at {weight.reshape(-1)[:3].tolist()}")

    def refuses_layouts(self, x):
        refused = False
        for strided in (x.transpose(0, -1).contiguous().transpose(0, -1), x[:1].expand(x.shape), x.repeat_interleave(2, -1)[..., ::2],
                        x.movedim(1, -1).contiguous().movedim(-1, 1)):
            for mode in (True, False):
                try:
                    self.make().train(mode)(strided)
                except (RuntimeError, ValueError):
                    refused = True
        return refused

    def cancellation(self, x):
        """In float32 far from zero: the error beside that of a stable computation."""
        low = (x * 0.5 + 4096.0).float()
        made = self.make().float().train()
        plain = {k: v for k, v in self.findings.items()}
        weight, bias = self.roles(made)
        with torch.no_grad():
            if weight is not None:
                weight.fill_(1.0 if self.findings.get("affine.form") != "one-plus-weight" else 0.0)
        one = lambda p: None if p is None else p.detach().double()
        exact = self.truth(plain, self.default_momentum())(low.double(), one(weight), one(bias), True)
        got = made(low).double()
        off = (got - exact).abs().max().item() if not got.isnan().any() else float("inf")
        uncentred = self.layer == "RMSNorm" or self.findings.get("mean.subtracted") in ("no", "from-output-only")
        if not uncentred:
            self.expect_in("variance.algorithm", ("one-pass", "one-pass-clamped"), off > 0.05, f"float32 is off by {off:.3g}")

    def expect(self, axis, value, seen):
        if seen != (self.findings.get(axis) == value):
            self.faults.append(f"{axis}: {value} is {'seen' if seen else 'not seen'}")

    def expect_in(self, axis, values, seen, why):
        if seen != (self.findings.get(axis) in values):
            self.faults.append(f"{axis}: {why}")


def main(text, folder=FOLDER):
    wrong = count = 0
    for path in sorted(folder.glob("*.expected.json")):
        name = path.name[: -len(".expected.json")]
        expected = json.loads(path.read_text())
        if text not in name + " ".join(expected):
            continue
        scope = {"torch": torch, "nn": torch.nn, "F": torch.nn.functional, "__name__": "snippet"}
        code = code_of(folder / name)
        sys.modules["snippet"] = types.ModuleType("snippet")  # dataclasses look for it
        ast.parse(code)
        exec(compile(code, name, "exec"), scope)
        for subject, want in expected.items():
            if want.get("truth") == "by hand":
                continue
            count += 1
            verifier = Verifier(name, scope[subject], want)
            try:
                verifier.verify()
            except Exception as problem:
                import traceback
                verifier.faults.append(f"{type(problem).__name__}: {problem} {traceback.extract_tb(problem.__traceback__)[-1]}")
            if verifier.faults:
                wrong += 1
                locked = hashlib.sha256(name.encode()).digest()[0] >= 128 and "--all" not in sys.argv
                print("a locked snippet" if locked else f"{name} {subject}", want["findings"])
                for fault in list(dict.fromkeys(verifier.faults))[:4]:
                    print("   ", "…" if locked else fault)
    print(f"{count} subjects held against their model, {wrong} not as expected")
    return wrong > 0 or count == 0


if __name__ == "__main__":
    words = [a for a in sys.argv[1:] if not a.startswith("--")]
    folders = [pathlib.Path(a.removeprefix("--folder=")) for a in sys.argv[1:] if a.startswith("--folder=")]
    sys.exit(main(words[0] if words else "", *folders))
