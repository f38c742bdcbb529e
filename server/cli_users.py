"""`parloir users …`: people who sign in to the console, made and looked up by whoever runs the server."""

import click

from server.app import Parloir
from server.command import moment, table, with_parloir
from server.identity import NewAccount, Role, User
from server.identity.addresses import readable
from server.identity.mail import LANGUAGES
from server.identity.outbox import KeptMail

_password = click.option(
    "--password",
    prompt=True,
    hide_input=True,
    confirmation_prompt=True,
    envvar="PARLOIR_NEW_PASSWORD",
    help="Asked for when left out; better not on the command line, where others see it.",
)


@click.group()
def users() -> None:
    """People who sign in to the console."""


@users.command("create")
@click.argument("email")
@click.option("--name", default="", help="What stands before the @ by default.")
@click.option("--tenant", default=None, help="The tenant to belong to; a new one of their own by default.")
@click.option("--role", type=click.Choice([role.value for role in Role]), default=Role.OWNER.value)
@click.option("--language", type=click.Choice(LANGUAGES), default=LANGUAGES[0], help="Of mails to them.")
@_password
def create_user(email: str, name: str, tenant: str | None, role: str, language: str, password: str) -> None:
    """Make a user without a confirmation code."""

    async def create(parloir: Parloir) -> User:
        tenant_id = (await parloir.tenants.by_uid(tenant)).id if tenant is not None else None
        wish = NewAccount(email, password, name, language)
        return await parloir.identity.accounts.create(wish, tenant_id, Role(role))

    user = with_parloir(create)
    click.echo(f"{readable(user.email)} is {user.memberships[0].role.value} of {user.memberships[0].tenant_uid}.")


@users.command("list")
def list_users() -> None:
    """Everybody who has an account, and what they belong to."""

    async def listed(parloir: Parloir) -> list[User]:
        return await parloir.identity.accounts.all()

    rows = [
        {
            "id": user.id,
            "email": readable(user.email),
            "name": user.name,
            "tenants": ", ".join(f"{each.tenant_uid} ({each.role.value})" for each in user.memberships),
        }
        for user in with_parloir(listed)
    ]
    click.echo(table(rows))


@users.command("set-password")
@click.argument("email")
@_password
def set_password(email: str, password: str) -> None:
    """Give a user another password; every sign-in of theirs ends."""
    with_parloir(lambda parloir: parloir.identity.password_changes.set(email, password))
    click.echo("The password is set. They have to sign in again.")


@users.command("outbox")
def show_outbox() -> None:
    """The newest mails of a server that has no mail server: codes can be read here."""

    async def newest(parloir: Parloir) -> list[KeptMail] | None:
        outbox = parloir.identity.outbox
        return await outbox.newest() if outbox is not None else None

    mails = with_parloir(newest)
    if mails is None:
        raise click.ClickException("This server sends its mails; none are kept.")
    for mail in reversed(mails):
        click.echo(f"{moment(mail.at)}  {readable(mail.recipient)}  {mail.subject}\n\n{mail.text}")
