import ArgumentParser
import Logging
import Relay

struct RelayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "relay",
        abstract: "Run a relay, where nodes that cannot reach each other meet.",
        discussion: """
            Needs an address that all nodes of the cluster can reach, and no key but its own. Relayed bytes are encrypted \
            end to end; the relay cannot read them.
            """)

    @Option(help: "Directory with charon-enr-private-key, the relay's identity.") var dataDir = ".charon"
    @Flag(inversion: .prefixedNo, help: "Make the identity key if there is none.") var autoP2pkey = true
    @Option(help: "Where nodes ask for the relay's addresses, ip:port; empty for nowhere.")
    var httpAddress = "127.0.0.1:3640"
    @Option(help: "Where /metrics is served, ip:port; empty for nowhere.") var monitoringAddress = ""
    @Option(help: "Listen addresses, comma-separated ip:port.") var p2pTcpAddress: [String] = []
    @Option(help: "IP address that nodes reach the relay at.") var p2pExternalIp: String?
    @Option(help: "DNS name that nodes reach the relay at.") var p2pExternalHostname: String?
    @Option(help: "Reservations of one IP address, and circuits of one peer.") var p2pMaxReservations = 512
    @Option(help: "Reservations in all.") var p2pMaxConnections = 16384
    @Flag(help: "Tell nodes the private addresses of this machine too.") var p2pAdvertisePrivateAddresses = false

    @OptionGroup var logging: LoggingOptions
    @OptionGroup var loki: LokiOptions
    @OptionGroup var idle: IdleRelayOptions

    static let flags = EnvironmentArguments.Flags(
        options: [
            "data-dir", "http-address", "monitoring-address", "p2p-tcp-address", "p2p-external-ip",
            "p2p-external-hostname", "p2p-max-reservations", "p2p-max-connections",
        ] + LoggingOptions.names + LokiOptions.names + IdleRelayOptions.names,
        switches: ["auto-p2pkey", "p2p-advertise-private-addresses", IdleRelayOptions.switchName],
        onByDefault: ["auto-p2pkey"], noneIfEmpty: ["http-address", "monitoring-address"])

    func run() async throws {
        let loki = try loki.pusher()
        _ = try logging.logger(loki: loki)
        let logger = Logger(label: "relay")
        EffectiveFlags(self).tell(logger)
        Surroundings.tell(logger)
        for flag in idle.idle { flag.tell(logger) }
        var relay = RelayConfiguration()
        relay.dataDirectory = dataDir
        relay.makesKey = autoP2pkey
        relay.httpAddress = httpAddress
        relay.monitoringAddress = monitoringAddress
        relay.p2pTCPAddresses = list(p2pTcpAddress)
        relay.p2pExternalIP = p2pExternalIp
        relay.p2pExternalHostname = p2pExternalHostname
        relay.reservationsMax = p2pMaxReservations
        relay.connectionsMax = p2pMaxConnections
        relay.advertisesPrivateAddresses = p2pAdvertisePrivateAddresses
        var hooks = RelayNode.Hooks()
        hooks.ready = { [httpAddress] addresses, port in
            for address in addresses { logger.info("listening", metadata: ["address": "\(address)"]) }
            guard let port else {
                return logger.info("give the nodes --p2p-relays", metadata: ["value": "\(addresses.first ?? "-")"])
            }
            let host = httpAddress.split(separator: ":").dropLast().joined(separator: ":")
            logger.info("give the nodes --p2p-relays", metadata: ["value": "http://\(host):\(port)"])
        }
        hooks.monitoring = { port in logger.info("metrics", metadata: ["port": "\(port)"]) }
        do {
            hooks.identified = { loki?.identify([("relay_peer", "\($0)")]) }
            try await LogOutput.pushing(to: loki) { [hooks] in
                try await RelayNode.runUntilSignalled(relay, hooks: hooks, logger: logger)
            }
        } catch {
            throw CommandFailure("relay: \(error)")
        }
    }
}

/// Flags of `charon relay` that have no part in `styx relay`.
struct IdleRelayOptions: ParsableArguments {
    @Option(help: .hidden) var debugAddress = ""
    @Option(help: .hidden) var p2pRelayLoglevel = ""
    @Option(help: .hidden) var p2pRelays: [String] = []
    @Option(help: .hidden) var p2pUdpAddress: [String] = []
    @Flag(help: .hidden) var p2pDisableReuseport = false

    static let names = [
        "debug-address", "p2p-relay-loglevel", "p2p-relays", "p2p-udp-address",
    ]
    static let switchName = "p2p-disable-reuseport"

    var idle: [IdleFlag] {
        [
            IdleFlag("debug-address", isGiven: !debugAddress.isEmpty, "a relay has no pages for debugging"),
            IdleFlag("p2p-relay-loglevel", isGiven: !p2pRelayLoglevel.isEmpty, "--log-level is for all of the relay"),
            IdleFlag("p2p-relays", isGiven: !list(p2pRelays).isEmpty, "a relay needs no other relays"),
            IdleFlag("p2p-udp-address", isGiven: !list(p2pUdpAddress).isEmpty, "QUIC is not offered"),
            IdleFlag("p2p-disable-reuseport", isGiven: p2pDisableReuseport, "a relay dials nobody"),
        ].compactMap { $0 }
    }
}
