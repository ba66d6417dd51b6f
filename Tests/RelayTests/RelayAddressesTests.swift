import Cluster
import Libp2p
import Secp256k1
import Testing

@testable import Relay

@Suite struct RelayAddressesTests {
    static func addresses(
        _ bound: [String], ip: String? = nil, hostname: String? = nil, resolved: String? = nil,
        advertisesPrivate: Bool = false
    ) throws -> RelayAddresses {
        RelayAddresses(
            bound: try bound.map { try Multiaddr($0) }, externalIP: ip, hostname: hostname, resolved: resolved,
            advertisesPrivate: advertisesPrivate)
    }

    static func key() throws -> PrivateKey { try PrivateKey([UInt8](repeating: 7, count: 32)) }

    @Test("private addresses are left out unless asked for; public ones come first")
    func filtering() throws {
        let bound = ["/ip4/127.0.0.1/tcp/1", "/ip4/10.1.2.3/tcp/1", "/ip4/8.8.4.4/tcp/1", "/ip6/fe80::1/tcp/1"]
        #expect(try Self.addresses(bound).all.map(\.description) == ["/ip4/8.8.4.4/tcp/1"])
        let all = try Self.addresses(bound, advertisesPrivate: true).all.map(\.description)
        #expect(all == ["/ip4/8.8.4.4/tcp/1", "/ip4/127.0.0.1/tcp/1", "/ip4/10.1.2.3/tcp/1", "/ip6/fe80::1/tcp/1"])
    }

    @Test("what the operator gives comes first, is combined with each port and is never filtered")
    func external() throws {
        let bound = ["/ip4/0.0.0.0/tcp/1", "/ip4/8.8.4.4/tcp/2", "/ip4/8.8.4.4/tcp/1"]
        let all = try Self.addresses(bound, ip: "10.0.0.9", hostname: "relay.example").all.map(\.description)
        #expect(
            all == [
                "/ip4/10.0.0.9/tcp/1", "/dns/relay.example/tcp/1", "/ip4/10.0.0.9/tcp/2", "/dns/relay.example/tcp/2",
                "/ip4/8.8.4.4/tcp/2", "/ip4/8.8.4.4/tcp/1",
            ])
    }

    @Test(
        "which addresses are private",
        arguments: [
            ("/ip4/10.0.0.0/tcp/1", true), ("/ip4/11.0.0.0/tcp/1", false), ("/ip4/172.15.255.255/tcp/1", false),
            ("/ip4/172.16.0.0/tcp/1", true), ("/ip4/172.31.255.255/tcp/1", true), ("/ip4/172.32.0.0/tcp/1", false),
            ("/ip4/192.168.1.1/tcp/1", true), ("/ip4/192.169.0.0/tcp/1", false), ("/ip4/169.254.0.1/tcp/1", true),
            ("/ip4/100.63.255.255/tcp/1", false), ("/ip4/100.64.0.0/tcp/1", true), ("/ip4/100.127.255.255/tcp/1", true),
            ("/ip4/100.128.0.0/tcp/1", false), ("/ip4/127.0.0.1/tcp/1", true), ("/ip6/::1/tcp/1", true),
            ("/ip6/fc00::1/tcp/1", true), ("/ip6/fdff::1/tcp/1", true), ("/ip6/fe00::1/tcp/1", false),
            ("/ip6/fe80::1/tcp/1", true), ("/ip6/2001:db8::1/tcp/1", false), ("/dns/relay/tcp/1", false),
        ])
    func privateNetworks(text: String, isPrivate: Bool) throws {
        #expect(try Multiaddr(text).isPrivateNetwork == isPrivate)
    }

    @Test("the ENR has the first IPv4 address, or what the operator gave, and a dummy UDP port")
    func record() throws {
        let key = try Self.key()
        let own = try #require(
            try Self.addresses(["/ip6/2001:db8::1/tcp/5", "/ip4/8.8.4.4/tcp/3610"]).record(signedBy: key))
        #expect(own.ip == "8.8.4.4" && own.tcpPort == 3610 && own.udpPort == 9999 && own.publicKey == key.publicKey)
        // It reads back, signature and all.
        #expect(try ENR(own.text) == own)
        let given = try Self.addresses(["/ip4/8.8.4.4/tcp/80"], ip: "9.9.9.9").record(signedBy: key)
        #expect(given?.ip == "9.9.9.9" && given?.tcpPort == 80)
        let named = try Self.addresses(["/ip4/10.0.0.1/tcp/80"], hostname: "relay", resolved: "9.9.9.9")
        #expect(named.record(signedBy: key)?.ip == "9.9.9.9")
        #expect(try Self.addresses(["/ip4/10.0.0.1/tcp/80"], hostname: "relay").record(signedBy: key) == nil)
        #expect(try Self.addresses([]).record(signedBy: key) == nil)
    }

    @Test(
        "flags that cannot work are refused by name",
        arguments: ["p2p-tcp-address", "http-address", "p2p-max-reservations", "p2p-external-ip"])
    func validation(flag: String) throws {
        var configuration = RelayConfiguration()
        configuration.p2pTCPAddresses = ["127.0.0.1:0"]
        try configuration.validate()
        switch flag {
        case "p2p-tcp-address": configuration.p2pTCPAddresses = []
        case "http-address": configuration.httpAddress = "nowhere"
        case "p2p-max-reservations": configuration.reservationsMax = 0
        default: configuration.p2pExternalIP = "relay.example"
        }
        #expect { try configuration.validate() } throws: { "\($0)".contains("--\(flag)") }
    }
}
