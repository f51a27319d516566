"""What `torch.nn.modules.rnn` names."""

from wengert.errors import refuser
from wengert.nn.layers.recurrent import GRU as GRU
from wengert.nn.layers.recurrent import LSTM as LSTM
from wengert.nn.layers.recurrent import RNN as RNN
from wengert.nn.layers.recurrent import GRUCell as GRUCell
from wengert.nn.layers.recurrent import LSTMCell as LSTMCell
from wengert.nn.layers.recurrent import RNNBase as RNNBase
from wengert.nn.layers.recurrent import RNNCell as RNNCell
from wengert.nn.layers.recurrent import RNNCellBase as RNNCellBase

__getattr__ = refuser(__name__, "torch.nn.modules.rnn")
