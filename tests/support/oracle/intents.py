"""What polyreel can be asked for, as functions of a client and of a folder with media."""

PROMPT = "A fox in the café, 狐"


class Files:
    """A file among the media, or several, to be found when the media are there; ``gs://`` stays as it is."""

    def __init__(self, *names):
        self._names = names

    def within(self, media):
        paths = [name if "://" in name else media / name for name in self._names]
        return paths if len(paths) > 1 else paths[0]


def _given(parameters, media):
    return {
        name: value.within(media) if isinstance(value, Files) else value for name, value in parameters.items()
    }


def ask(model, prompt=PROMPT, **parameters):
    """Submit a job."""
    return lambda client, media: client.submit(prompt, model=model, **_given(parameters, media))


def finish(model, **parameters):
    """Make a film and fetch it."""

    def act(client, media):
        result = client.generate(PROMPT, model=model, **_given(parameters, media))
        assert result.job.status == "completed"
        assert result.bytes()

    return act


def go_on(model, prompt=PROMPT, *, first=None, **parameters):
    """Submit a job that works from the film of an earlier one; what was sent for that one is forgotten.

    Args:
        model: The model of both.
        prompt: Of the second.
        first: Parameters of the first.
        parameters: Those of the second.
    """

    def act(client, media):
        source = client.generate(PROMPT, model=model, **(first or {})).job
        client.forget()
        client.submit(prompt, model=model, video=source.id, **_given(parameters, media))

    return act


def cancel(model):
    """Cancel a job that was just submitted."""

    def act(client, media):
        job = client.submit(PROMPT, model=model)
        assert client.cancel(job.id).outcome == "cancelled"

    return act


def delete(model):
    """Delete a job that was just submitted."""

    def act(client, media):
        job = client.submit(PROMPT, model=model)
        assert client.delete(job.id).outcome == "cancelled"

    return act
