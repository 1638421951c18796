"""The prices as a proxy of this configuration knows them: the user's, ours, and those that upstreams listed last."""

from bursar.assembly import price_book
from bursar.config.schema import Config
from bursar.contract.places import Places
from bursar.metering.price_table import ShippedPrices
from bursar.metering.prices import PriceBook
from bursar.routing.listed import Listed
from bursar.upstreams.discovery import read_kept, still_listed


def known_prices(config: Config, places: Places) -> PriceBook:
    """The price book of a configuration, as it would be in the proxy of these places."""
    listed = Listed()
    for name, models in still_listed(read_kept(places.listed_models), config).items():
        listed.put(name, models)
    return price_book(config, ShippedPrices(), listed)
