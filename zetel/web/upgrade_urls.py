"""Addresses of buying: the public pages of prices and help, the upgrade flow, and the forms to sales and support."""

from django.urls import path

from zetel.web import (
    converters,
    help,
    offers,
    pricing,
    sales,
    support,
    upgrade,
    upgrade_billing,
    upgrade_changes,
    upgrade_details,
    upgrade_owner,
    upgrade_plan,
    upgrade_review,
    upgrade_trial,
)

converters.register()

urlpatterns = [
    path("pricing", pricing.pricing, name="pricing"),
    path("help", help.page, name="help"),
    path("upgrade/", upgrade.start, name="upgrade"),
    path("upgrade/changes/<chg:change_id>/", upgrade_changes.change, name="upgrade_change"),
    path("upgrade/changes/<chg:change_id>/stop", upgrade_changes.stop, name="upgrade_change_stop"),
    path("upgrade/<dft:draft_id>/plan", upgrade_plan.plan, name="upgrade_plan"),
    path("upgrade/<dft:draft_id>/space", upgrade_plan.space, name="upgrade_space"),
    path("upgrade/<dft:draft_id>/details", upgrade_details.details, name="upgrade_details"),
    path("upgrade/<dft:draft_id>/billing", upgrade_billing.billing, name="upgrade_billing"),
    path("upgrade/<dft:draft_id>/owner", upgrade_owner.owner, name="upgrade_owner"),
    path("upgrade/<dft:draft_id>/method", upgrade_billing.method, name="upgrade_method"),
    path(
        "upgrade/<dft:draft_id>/method/<set:setup_id>",
        upgrade_billing.method_return,
        name="upgrade_method_return",
    ),
    path("upgrade/<dft:draft_id>/trial", upgrade_trial.trial, name="upgrade_trial"),
    path("upgrade/<dft:draft_id>/review", upgrade_review.review, name="upgrade_review"),
    path("offers/<off:offer_id>/", offers.offer, name="offer"),
    path("offers/<off:offer_id>/pdf/", offers.offer_pdf, name="offer_pdf"),
    path("sales/", sales.sales, name="sales_request"),
    path("sales/<sal:request_id>/", sales.sent, name="sales_request_sent"),
    path("support/", support.support, name="support_request"),
    path("support/<que:request_id>/", support.sent, name="support_request_sent"),
]
