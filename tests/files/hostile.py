"""Configs that Keras could have saved, with something else in them."""

INPUT = {
    "module": "keras.layers",
    "class_name": "InputLayer",
    "config": {"batch_shape": [None, 4], "dtype": "float32", "name": "i"},
    "registered_name": None,
}


def node(class_name="Dense", config=None, module="keras.layers", **more):
    config = {"units": 1, "name": "d"} if config is None else config
    return {
        "module": module,
        "class_name": class_name,
        "config": config,
        "registered_name": None,
        **more,
    }


def dense(**config):
    return node(config={"units": 1, "name": "d", **config})


def sequential(*layers, **more):
    config = {"name": "s", "layers": [INPUT, *layers]}
    return node("Sequential", config, "keras", **more)


def old(class_name, config):
    """A layer as Keras 2 saved it: another reader takes it."""
    return {"class_name": class_name, "config": config}


def functional(layer, args=None):
    """One layer with a call, on the input unless told otherwise."""
    tensor = {
        "class_name": "__keras_tensor__",
        "config": {
            "shape": [None, 4],
            "dtype": "float32",
            "keras_history": ["i", 0, 0],
        },
    }
    call = {"args": [tensor] if args is None else args, "kwargs": {}}
    layers = [
        {**INPUT, "name": "i", "inbound_nodes": []},
        {**layer, "name": "d", "inbound_nodes": [call]},
    ]
    config = {
        "name": "f",
        "trainable": True,
        "layers": layers,
        "input_layers": ["i", 0, 0],
        "output_layers": ["d", 0, 0],
    }
    return node("Functional", config, "keras.src.models.functional")
