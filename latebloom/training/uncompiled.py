"""torch's optimizers without torch's compiler.

torch.optim guards its methods against `torch.compile`, and the first call of one loads the compiler
to do so: more than a second, and memory, in every process that trains. Nothing is compiled here, so
these classes take the methods from behind their guards. The numbers stay the same to the last bit.
"""

from inspect import unwrap

import torch
from torch.optim import Optimizer


class Uncompiled(Optimizer):
    """An optimizer whose own methods do not load the compiler. A subclass brings its `step`."""

    add_param_group = unwrap(Optimizer.add_param_group)
    zero_grad = unwrap(Optimizer.zero_grad)
    state_dict = unwrap(Optimizer.state_dict)
    load_state_dict = unwrap(Optimizer.load_state_dict)


class AdamW(Uncompiled, torch.optim.AdamW):
    """torch's AdamW. Source: Loshchilov and Hutter 2019, arXiv:1711.05101."""

    step = torch.no_grad()(unwrap(torch.optim.AdamW.step))
