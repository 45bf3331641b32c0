"""The names of the columns and their order."""

from engine import Column, Columns


def test_a_2_2_2_network_has_the_31_columns_of_the_sheet() -> None:
    expected = (
        "t1 t2 i1 i2 w1 w2 w3 w4 h1 a_h1 h2 a_h2 w5 w6 w7 w8 o1 a_o1 o2 a_o2 E1 E2 E_tot "
        "∂E/∂w1 ∂E/∂w2 ∂E/∂w3 ∂E/∂w4 ∂E/∂w5 ∂E/∂w6 ∂E/∂w7 ∂E/∂w8"
    )
    assert Columns.plain((2, 2, 2)).names == tuple(expected.split())


def test_numbers_run_on_through_the_hidden_layers() -> None:
    expected = (
        "t1 i1 i2 w1 w2 w3 w4 w5 w6 h1 a_h1 h2 a_h2 h3 a_h3 w7 w8 w9 w10 w11 w12 h4 a_h4 h5 a_h5 "
        "w13 w14 o1 a_o1 E1 E_tot"
    )
    gradients = [f"∂E/∂w{n}" for n in range(1, 15)]
    assert Columns.plain((2, 3, 2, 1)).names == (*expected.split(), *gradients)


def test_a_network_without_hidden_layer_has_outputs_only() -> None:
    assert Columns.plain((1, 1)).names == ("t1", "i1", "w1", "o1", "a_o1", "E1", "E_tot", "∂E/∂w1")


def test_a_column_knows_what_it_holds_and_where_it_belongs() -> None:
    columns = {column.name: column for column in Columns.plain((2, 3, 2, 1)).all}
    assert columns["t1"] == Column("t1", "target", neuron=0)
    assert columns["i2"] == Column("i2", "input", neuron=1)
    assert columns["w10"] == Column("w10", "weight", layer=1, neuron=1, source=0)
    assert columns["∂E/∂w10"] == Column("∂E/∂w10", "gradient", layer=1, neuron=1, source=0, of="w10")
    assert columns["h5"] == Column("h5", "pre-activation", layer=1, neuron=1)
    assert columns["a_o1"] == Column("a_o1", "activation", layer=2, neuron=0)
    assert columns["E1"] == Column("E1", "loss", neuron=0)
    assert columns["E_tot"] == Column("E_tot", "total")


def test_columns_of_a_kind_stand_in_the_tables_order() -> None:
    assert Columns.plain((2, 2, 2)).of("pre-activation") == ["h1", "h2", "o1", "o2"]
    assert Columns.plain((2, 2, 2)).of("input", "target") == ["t1", "t2", "i1", "i2"]
