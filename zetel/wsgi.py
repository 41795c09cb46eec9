"""What granian loads in each web worker."""

from django.core.wsgi import get_wsgi_application

from zetel.config import use_django_settings
from zetel.lifeline import end_with_parent

# granian's main process may be killed outright; its workers would then go on serving the port.
end_with_parent()
use_django_settings()
application = get_wsgi_application()
