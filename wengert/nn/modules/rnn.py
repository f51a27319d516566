"""What `torch.nn.modules.rnn` names."""

from wengert.errors import refuser
from wengert.nn.layers.cells import GRUCell as GRUCell
from wengert.nn.layers.cells import LSTMCell as LSTMCell
from wengert.nn.layers.cells import RNNCell as RNNCell
from wengert.nn.layers.cells import RNNCellBase as RNNCellBase
from wengert.nn.layers.recurrent import GRU as GRU
from wengert.nn.layers.recurrent import LSTM as LSTM
from wengert.nn.layers.recurrent import RNN as RNN
from wengert.nn.layers.recurrent import RNNBase as RNNBase

__getattr__ = refuser(__name__, "torch.nn.modules.rnn")
