"""Addresses of the directory. Included at the root, before allauth's, one of whose pages is wrapped here."""

from django.urls import path

from zetel.web import (
    account,
    converters,
    directory_invitations,
    directory_people,
    directory_settings,
    directory_spaces,
)

converters.register()

urlpatterns = [
    path("", directory_spaces.home, name="home"),
    path("spaces/new", directory_spaces.new, name="space_new"),
    path("s/<spc:space_id>/", directory_spaces.space, name="space_home"),
    path("s/<spc:space_id>/join", directory_spaces.join, name="space_join"),
    path("s/<spc:space_id>/leave", directory_spaces.leave, name="space_leave"),
    path("s/<spc:space_id>/teams/new", directory_spaces.team_new, name="team_new"),
    path("s/<spc:space_id>/divisions/new", directory_spaces.division_new, name="division_new"),
    path("s/<spc:space_id>/people", directory_people.people, name="space_people"),
    path("s/<spc:space_id>/people/invite", directory_people.invite, name="invite"),
    path("s/<spc:space_id>/people/<per:person_id>", directory_people.person, name="person_act"),
    path(
        "s/<spc:space_id>/invitations/<ivt:invitation_id>/revoke",
        directory_people.revoke,
        name="invitation_revoke",
    ),
    path("s/<spc:space_id>/settings", directory_settings.settings, name="space_settings"),
    path("s/<spc:space_id>/settings/domains", directory_settings.domain_add, name="domain_add"),
    path("s/<spc:space_id>/settings/domains/remove", directory_settings.domain_remove, name="domain_remove"),
    path("invitations/<str:token>/", directory_invitations.invitation, name="invitation"),
    path(
        "invitations/<ivt:invitation_id>/accept",
        directory_invitations.accept_addressed,
        name="invitation_accept",
    ),
    path("account/profile", account.profile, name="profile"),
    path("account/erase", account.erase, name="account_erase"),
    path("accounts/email/", account.addresses, name="account_email"),
]
