"""Who is this: a peer to a principal, with how sure that is.

In order: a device key (proved), a device that says with its own key that it is at this address (proved, for a minute at
a time: `bound`), a person who was put or signed in at a device that is known by an address of its own
(claimed), a pupil who signed in at an address that is nobody's device (claimed), the group of a device's address or of
the listener port (group), nothing. Addresses and ports can be typed by a pupil, so they never make anybody more than a
pupil who said so, and nobody is proved by one: staff prove their device by its key. Where several devices say to be at
one address only what they share is known, and who two say to be is nobody. Only infrastructure (a printer, an
alarm) has no way to give a key and is known by its address; the decision knows its class.

Where the school's DHCP server tells which device got an address (`names.following`), a device in the register may also
be known by its hardware address: that can be typed over too, so it is worth what an address is. A telephone that is on
somebody's name is then claimed to be theirs. What got an address and is not in the register is what the school says
such a device counts as.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hmac import compare_digest
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from policy.model import Device, DeviceClass, Lease, Member, Principal, Role, Snapshot, Strength
from policy.seat import groups_at, live_at, live_lease, owner_of, seated
from proxy_addons.bound import Places
from proxy_addons.facts import Peer
from proxy_addons.names.following import Leases
from proxy_addons.names.leases import DhcpLease, hardware

UNKNOWN = Principal(Role.PUPIL, device_class=DeviceClass.UNKNOWN)
"""The strictest pupil profile."""

_SHARED = frozenset({DeviceClass.PUPIL, DeviceClass.UNKNOWN})
"""What pupils sign in on."""
_MOST_KEPT = 5000  # proved credentials that are remembered for one snapshot
_LONGEST = 512  # characters of a credentials header that are read

type _Ip = IPv4Address | IPv6Address
type _Net = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class _Found:
    """A device by its address; `alone` when the address is that device's only, not a range."""

    device: Device
    alone: bool


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a pupil may sign in: a registered device, or the network address of one that is not (then `device` is
    empty). `group` is whose it is (None: anybody's), `most` how sure a name can get there.
    """

    device: str
    address: str
    group: str | None
    most: Strength


class Identity:
    """Names peers by the registry of a snapshot. `group_ports` maps a listener port to the group it was opened for."""

    def __init__(
        self,
        group_ports: Mapping[int, str] | None = None,
        leases: Leases | None = None,
        unregistered: DeviceClass = DeviceClass.UNKNOWN,
        places: Places | None = None,
    ) -> None:
        self._group_ports = dict(group_ports or {})
        self.leases = leases if leases is not None else Leases()
        self._unregistered = unregistered
        self._places = places if places is not None else Places()
        self._registry: _Registry | None = None

    def of(self, peer: Peer, snapshot: Snapshot | None, now: datetime) -> Principal:
        """Who the peer is at `now`. A wrong key is nobody, never the device it claims to be."""
        if snapshot is None:
            return UNKNOWN
        registry = self._of(snapshot)
        if peer.credentials is not None:
            proved = registry.proved(peer.credentials)
            return UNKNOWN if proved is None else self._seated(snapshot, proved, now)
        address = plain(peer.address)
        bound = self._bound(address, registry, now)
        if bound is not None:
            return bound
        lease = self.leases.at(address, now)
        found = registry.at_place(address, lease) or registry.at_port(peer.port)
        if found is not None:
            return _told_by(registry.at_known(found, now, address), address)
        return registry.signed_in(self._stranger(self._of_port(peer.port), lease), now, address)

    def spot(self, peer: Peer, snapshot: Snapshot | None, now: datetime) -> Spot | None:
        """Where a pupil who sits at the peer's device would sign in. None: not on this device.

        Nobody signs in with a wrong key, on a device that is somebody's own, on anything but a pupils' computer, or
        where neither register nor port know of the computer: that may be a phone from home.
        """
        if snapshot is None:
            return None
        registry = self._of(snapshot)
        if peer.credentials is not None:
            proved = registry.proved(peer.credentials)
            return None if proved is None else _spot_of(snapshot, proved, Strength.PROVED)
        address = plain(peer.address)
        here = self._devices_at(address, snapshot, now)
        if here:
            return _spot_of(snapshot, here[0], Strength.PROVED) if len(here) == 1 else None
        lease = self.leases.at(address)
        found = registry.at_place(address, lease) or registry.at_port(peer.port)
        if found is None and lease is not None and self._unregistered not in _SHARED:
            return None
        if found is not None and found.alone:
            return _spot_of(snapshot, found.device, Strength.CLAIMED)
        if found is not None:
            shared = bool(address) and found.device.kind in _SHARED
            return Spot("", address, found.device.group, Strength.CLAIMED) if shared else None
        group = self._group_ports.get(peer.port)
        return Spot("", address, group, Strength.CLAIMED) if address and group is not None else None

    def _seated(self, snapshot: Snapshot, device: Device, now: datetime) -> Principal:
        """Who sits at a proved device; nobody while two say to be it."""
        return UNKNOWN if self._places.is_two(device.id, now) else seated(snapshot, device, now)

    def _bound(self, address: str, registry: _Registry, now: datetime) -> Principal | None:
        """Who asks from an address where a device says to be; None: no device does."""
        if not self._places.of(address, now):
            return None
        here = self._devices_at(address, registry.snapshot, now)
        if not here:
            return None
        if any(self._places.is_two(one.id, now) for one in here):
            return _told_by(UNKNOWN, address)
        if len(here) == 1:
            return _told_by(seated(registry.snapshot, here[0], now), address)
        shared = _one_of(here, alone=False)
        return None if shared is None else _told_by(registry.at_known(shared, now, address), address)

    def _devices_at(self, address: str, snapshot: Snapshot, now: datetime) -> list[Device]:
        found = (snapshot.devices.get(name) for name in self._places.of(address, now))
        return [one for one in found if one is not None and one.key_hash]

    def is_bound(self, peer: Peer, snapshot: Snapshot | None, now: datetime) -> bool:
        """Whether a device says with its key that it is at the peer's address."""
        return snapshot is not None and bool(self._devices_at(plain(peer.address), snapshot, now))

    def _of_port(self, port: int) -> Principal:
        group = self._group_ports.get(port)
        return UNKNOWN if group is None else replace(UNKNOWN, groups=(group,), strength=Strength.GROUP)

    def _stranger(self, who: Principal, lease: DhcpLease | None) -> Principal:
        """The same asker, as what an unregistered device in the leases counts as: a port makes it no other."""
        return who if lease is None else replace(who, device_class=self._unregistered)

    def proves(self, credentials: str, snapshot: Snapshot) -> bool:
        """Whether a key was given that fits a device."""
        return self._of(snapshot).proved(credentials) is not None

    def again(self, who: Principal, snapshot: Snapshot | None, now: datetime) -> Principal:
        """Who the same device's user is now, when leases and the registry may have moved since `who` was named."""
        if snapshot is None:
            return who
        registry = self._of(snapshot)
        if who.at:
            return self._again_at(who, registry, now)
        if who.device is None:
            return who
        device = snapshot.devices.get(who.device)
        if device is None or (who.strength is Strength.PROVED and not device.key_hash):
            return UNKNOWN
        if who.strength is Strength.PROVED:
            return self._seated(snapshot, device, now)
        return registry.at_known(_Found(device, who.strength is Strength.CLAIMED or registry.alone(device)), now, "")

    def _again_at(self, who: Principal, registry: _Registry, now: datetime) -> Principal:
        """The same of who is told by the network address alone. The port that it came by is not known any more."""
        bound = self._bound(who.at, registry, now)
        if bound is not None:
            return bound
        lease = self.leases.at(who.at, now)
        found = registry.at_place(who.at, lease)
        if found is None and who.device is not None:  # by a port that stands for a device
            device = registry.snapshot.devices.get(who.device)
            found = None if device is None else _Found(device, alone=False)
        if found is not None:
            return _told_by(registry.at_known(found, now, who.at), who.at)
        if who.device is not None:
            return UNKNOWN
        # Of whoever was named the group is that person's own, and tells nothing of the device without them.
        nobody = who if who.person is None else replace(UNKNOWN, device_class=who.device_class)
        return registry.signed_in(self._stranger(nobody, lease), now, who.at)

    def changes_at(self, who: Principal, snapshot: Snapshot | None, now: datetime) -> datetime | None:
        """When a lease of the device or address starts or ends next, so that somebody else asks from then on."""
        if snapshot is None or not (who.device or who.at):
            return None
        return self._of(snapshot).next_edge(who.device or "", who.at, now)

    def _of(self, snapshot: Snapshot) -> _Registry:
        registry = self._registry
        if registry is None or registry.snapshot is not snapshot:
            registry = self._registry = _Registry(snapshot)
        return registry


class _Registry:
    """The look-ups of one snapshot's devices, made once."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._single: dict[_Ip, list[Device]] = {}
        self._ranges: list[tuple[_Net, Device]] = []
        self._ports: dict[int, list[Device]] = {}
        self._hardware: dict[str, list[Device]] = {}
        self._leases: dict[str, list[Lease]] = {}
        self._signed: dict[str, list[Lease]] = {}  # by address, of devices that nobody registered
        self._proved: dict[str, Device] = {}  # in memory only, and only as long as this snapshot
        for device in snapshot.devices.values():
            for text in device.addresses:
                self._add_range(text, device)
            for port in device.ports:
                self._ports.setdefault(port, []).append(device)
        self._ranges.sort(key=lambda entry: entry[0].prefixlen, reverse=True)
        for lease in snapshot.state.leases:
            if lease.device:
                self._leases.setdefault(lease.device, []).append(lease)
            elif lease.address:
                self._signed.setdefault(lease.address, []).append(lease)

    def _add_range(self, text: str, device: Device) -> None:
        mac = hardware(text)
        if mac:
            self._hardware.setdefault(mac, []).append(device)
            return
        try:
            net = ip_network(text, strict=False)
        except ValueError:
            return  # a range that cannot be read names nobody
        if net.num_addresses == 1:
            self._single.setdefault(net.network_address, []).append(device)
        else:
            self._ranges.append((net, device))

    def proved(self, credentials: str) -> Device | None:
        """The device whose key was given, or None."""
        known_good = self._proved.get(credentials)
        if known_good is not None:
            return known_good
        device = self._check(credentials)
        if device is not None and len(self._proved) < _MOST_KEPT:
            self._proved[credentials] = device
        return device

    def _check(self, credentials: str) -> Device | None:
        pair = _basic(credentials)
        if pair is None:
            return None
        device = self.snapshot.devices.get(pair[0])
        known = device.key_hash if device is not None and device.key_hash else "0" * 64
        given = hashlib.sha256(pair[1].encode()).hexdigest()
        # Compared also for a device that does not exist, so that time does not tell which ids there are.
        fits = compare_digest(given.encode(), known.lower().encode())
        return device if fits and device is not None and device.key_hash else None

    def at_address(self, address: str) -> _Found | None:
        """The device at a client address (as `plain` writes it): its own address first, then the narrowest range."""
        if not address:
            return None
        ip = ip_address(address)
        single = self._single.get(ip)
        if single:
            return _one_of(single, alone=True)
        width: int | None = None
        here: list[Device] = []
        for net, device in self._ranges:
            if width is not None and net.prefixlen < width:
                break
            if net.version == ip.version and ip in net:
                width = net.prefixlen
                here.append(device)
        return _one_of(here, alone=False)

    def at_place(self, address: str, lease: DhcpLease | None) -> _Found | None:
        """The device at a client address, or the one that got it: its own address, its hardware, then a range."""
        found = self.at_address(address)
        if lease is None or not lease.mac or (found is not None and found.alone):
            return found
        return _one_of(self._hardware.get(lease.mac, []), alone=True) or found

    def at_port(self, port: int) -> _Found | None:
        """The device or range of devices that a listener port was opened for."""
        return _one_of(self._ports.get(port, []), alone=False)

    def at_known(self, found: _Found, now: datetime, address: str) -> Principal:
        """Who sits at a device that is known by address (as `plain` writes it) or port only."""
        device = found.device
        if device.kind is DeviceClass.INFRASTRUCTURE:
            return replace(self._pupil(device, Strength.GROUP), role=Role.STAFF)
        if found.alone and device.kind is not DeviceClass.STAFF:
            member = self._pupil_of(live_lease(self.snapshot, device.id, now))
            if member is not None:
                groups = groups_at(member, device)
                return Principal(member.role, member.id, groups, device.id, device.kind, Strength.CLAIMED)
        owner = self._owner_by_hardware(found)
        if owner is not None:
            groups = groups_at(owner, device)
            return Principal(owner.role, owner.id, groups, device.id, device.kind, Strength.CLAIMED)
        nobody = self._pupil(device, Strength.GROUP if device.group else Strength.NONE)
        return nobody if found.alone or device.kind not in _SHARED else self.signed_in(nobody, now, address)

    def signed_in(self, nobody: Principal, now: datetime, address: str) -> Principal:
        """Whoever signed in at an address that is no device of its own, else `nobody`.

        The address may be another computer's by now: it makes a name claimed and never proved. Another port from the
        same address makes nobody somebody else.
        """
        if not address:
            return nobody
        member = self._pupil_of(live_at(self._signed.get(address, ()), now))
        if member is None:
            return replace(nobody, at=address)
        return replace(nobody, person=member.id, groups=member.groups, strength=Strength.CLAIMED, at=address)

    def _owner_by_hardware(self, found: _Found) -> Member | None:
        """The pupil whose telephone has this hardware address; another kind of device is only sat at."""
        device = found.device
        if not found.alone or device.kind is not DeviceClass.PHONE or not any(map(hardware, device.addresses)):
            return None
        owner = owner_of(self.snapshot, device)
        return owner if owner is not None and owner.role is Role.PUPIL else None

    def _pupil_of(self, lease: Lease | None) -> Member | None:
        member = self.snapshot.people.get(lease.person) if lease is not None else None
        return member if member is not None and member.role is Role.PUPIL else None

    def alone(self, device: Device) -> bool:
        """Whether the device has an address of its own."""
        places = (*self._single.values(), *self._hardware.values())
        return any(devices == [device] for devices in places if device in devices)

    def next_edge(self, device: str, address: str, now: datetime) -> datetime | None:
        """The next start or end of a lease of the device, or of the address."""
        leases = (*self._leases.get(device, ()), *self._signed.get(address, ()))
        return min((edge for lease in leases for edge in (lease.start, lease.end) if edge > now), default=None)

    def _pupil(self, device: Device, strength: Strength) -> Principal:
        groups = (device.group,) if device.group else ()
        return Principal(Role.PUPIL, None, groups, device.id or None, device.kind, strength)


def _one_of(devices: list[Device], *, alone: bool) -> _Found | None:
    """One device; of several at the same place only what they share, and doubt about the class is a pupil's device."""
    if not devices:
        return None
    first = devices[0]
    if len(devices) == 1:
        return _Found(first, alone)
    group = first.group if all(device.group == first.group for device in devices) else None
    kind = first.kind if all(device.kind is first.kind for device in devices) else DeviceClass.PUPIL
    return _Found(replace(first, id="", kind=kind, group=group, person=None), alone=False)


def _told_by(who: Principal, address: str) -> Principal:
    """The same asker, who is asked about again by that address."""
    return who if who.at == address else replace(who, at=address)


def _spot_of(snapshot: Snapshot, device: Device, most: Strength) -> Spot | None:
    if device.kind not in _SHARED or owner_of(snapshot, device) is not None:
        return None
    return Spot(device.id, "", device.group, most)


def plain(address: str) -> str:
    """One spelling of a client address: no zone, no IPv4 inside IPv6. Empty when it is none."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    return str(ip.ipv4_mapped if isinstance(ip, IPv6Address) and ip.ipv4_mapped else ip)


def _basic(credentials: str) -> tuple[str, str] | None:
    """Device id and key out of a `Basic` header value, or None."""
    scheme, _, encoded = credentials[:_LONGEST].strip().partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    device, colon, key = text.partition(":")
    return (device, key) if colon and device and key else None
