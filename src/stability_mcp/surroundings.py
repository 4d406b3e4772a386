"""Finds out whether a browser of the user can open a page of this process.

A link to 127.0.0.1 leads to the machine on which the browser runs. In an SSH session, a container
or a cloud workspace, that is another machine, and the link would only mislead.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

REMOTE: Mapping[str, str] = MappingProxyType(
    {
        "SSH_CONNECTION": "an SSH session",  # sshd(8), ENVIRONMENT
        "SSH_TTY": "an SSH session",  # the same
        "CODESPACES": "GitHub Codespaces",  # docs.github.com, default environment variables
        "GITPOD_WORKSPACE_ID": "a Gitpod workspace",  # gitpod.io/docs, environment variables
        "CLOUD_SHELL": "Google Cloud Shell",  # set to true in each of its terminals
        "C9_USER": "AWS Cloud9",  # docs.aws.amazon.com/cloud9, environment variables
        "REPL_ID": "Replit",  # docs.replit.com, predefined environment variables
        "CODER_WORKSPACE_NAME": "a Coder workspace",  # registry.terraform.io, coder/coder
        "REMOTE_CONTAINERS": "a dev container",  # set by VS Code's Dev Containers extension
        "KUBERNETES_SERVICE_HOST": "a Kubernetes pod",  # kubernetes.io, service discovery
        "container": "a container",  # systemd's container interface; also set by podman
        "CI": "a CI job",  # set by GitHub Actions, GitLab and others: no user is there
    }
)
"""Variables that are set where the user's browser is elsewhere, and what they stand for."""

REMOTE_IDE: Mapping[str, str] = MappingProxyType(
    {
        "VSCODE_AGENT_FOLDER": "a remote VS Code window",  # the server part of VS Code
        "VSCODE_IPC_HOOK_CLI": "a remote VS Code window",  # its terminals, for `code`
    }
)
"""The same, except under WSL: Windows forwards its loopback ports to the distribution."""

WSL = "WSL_DISTRO_NAME"
"""Set in each WSL distribution."""

CONTAINER_FILES = ("/.dockerenv", "/run/.containerenv")
"""Created by Docker and by podman in every container."""


def remote_place(environ: Mapping[str, str], exists: Callable[[str], bool]) -> str:
    """Return where this process runs if the user's browser runs elsewhere; "": on this machine.

    Args:
        environ: The environment.
        exists: Returns whether a file exists.
    """
    for name, place in REMOTE.items():
        if environ.get(name):
            return place
    if any(map(exists, CONTAINER_FILES)):
        return "a container"
    if environ.get(WSL):
        return ""
    return next((place for name, place in REMOTE_IDE.items() if environ.get(name)), "")
