"""A Django shop that hands its products over when their transaction is committed, and never before.

Run it: `python examples/django_on_commit.py` (needs Django; makes its store in a temporary folder).
"""

from __future__ import annotations

import logging
from pathlib import Path
from tempfile import TemporaryDirectory

import django
from django.conf import settings

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=[],
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
)
django.setup()

from django.db import connection, models, transaction  # noqa: E402 - only after the setup
from django.db.models.signals import post_delete, post_save  # noqa: E402
from django.dispatch import receiver  # noqa: E402
from shelfwise.plugin import Product, ShelfwiseError, Shop  # noqa: E402

logger = logging.getLogger("shop")
folder = TemporaryDirectory()
shop = Shop.open(Path(folder.name) / "store", encoder="hashing")  # in a real shop: once, in AppConfig.ready()


class Article(models.Model):
    """The shop's own table."""

    title = models.CharField(max_length=200)
    price = models.DecimalField(max_digits=10, decimal_places=2)
    stock = models.IntegerField(default=0)

    class Meta:
        app_label = "shop"

    def to_product(self) -> Product:
        """What Shelfwise is told of it."""
        return Product(id=str(self.pk), title=self.title, price=self.price, stock=self.stock)


def hand_over(task) -> None:
    """Runs a task when the transaction is committed. A shop's page never fails because of its search."""

    def run() -> None:
        try:
            task()
        except ShelfwiseError:
            logger.exception("not handed over; the nightly `shelfwise reconcile` will find it")

    transaction.on_commit(run)


@receiver(post_save, sender=Article)
def saved(instance: Article, **_: object) -> None:
    """Stored durably in some milliseconds; the maintainer encodes it a moment later."""
    product = instance.to_product()
    hand_over(lambda: shop.upsert(product, wait=False))


@receiver(post_delete, sender=Article)
def deleted(instance: Article, **_: object) -> None:
    """Found no longer as soon as the deletion is committed."""
    key = str(instance.pk)
    hand_over(lambda: shop.delete(key))


def main() -> None:
    """Saves, rolls back, deletes, and looks at what can be found."""
    with connection.schema_editor() as editor:
        editor.create_model(Article)
    with transaction.atomic():
        lamp = Article.objects.create(title="Desk lamp with a brass arm", price="49.90", stock=3)
        print("before the commit:", shop.search("lamp").ids)
    print("after the commit: ", shop.search("lamp").ids)
    try:
        with transaction.atomic():
            Article.objects.create(title="Lamp that was never sold", price=1)
            raise RuntimeError("the payment failed")
    except RuntimeError:
        print("rolled back:      ", shop.search("lamp").ids)
    lamp.delete()
    print("deleted:          ", shop.search("lamp").ids)
    shop.close()
    folder.cleanup()


if __name__ == "__main__":
    main()
