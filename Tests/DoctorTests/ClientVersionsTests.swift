import Testing

@testable import Doctor

@Suite("versions of beacon nodes and execution clients")
struct ClientVersionsTests {
    @Test(
        "what is older than known to work is told",
        arguments: [
            ("Lighthouse/v8.0.0-rc.0-1234567/x86_64-linux", nil), ("Lighthouse/v7.9.9/x86_64", "8.0.0-rc.0"),
            ("teku/v25.9.3/linux-x86_64/-eclipse", nil), ("teku/v25.9.1/linux-x86_64", "25.9.3"),
            ("Lodestar/v1.35.0-rc.1/abc", nil), ("Lodestar/v1.34.0/abc", "1.35.0-rc.1"),
            ("Nimbus/v25.9.1-abcdef-stateofus", "25.9.2"), ("Prysm/v6.1.0 (linux amd64)", nil),
            ("Prysm/v6.0.5 (linux amd64)", "6.1.0"), ("Grandine/2.0.0-rc0/x86", nil), ("specnode", nil),
            ("Lighthouse/unknown", nil), ("", nil), ("mylighthouse-99999999999.1.1", nil),
        ] as [(String, String?)])
    func beaconNodes(text: String, least: String?) {
        #expect(ClientVersions.outdated(beaconNode: text) == least)
    }

    @Test(
        "execution clients likewise",
        arguments: [
            ("Geth/v1.16.7-stable-abc", nil), ("Geth/v1.16.6", "1.16.7"), ("Nethermind/v1.35.0+1", nil),
            ("besu/v25.11.0/linux", nil), ("erigon/3.2.1/linux", "3.2.2"), ("reth/v1.9.0-abc", "1.9.1"),
        ] as [(String, String?)])
    func executionClients(text: String, least: String?) {
        #expect(ClientVersions.outdated(executionClient: text) == least)
    }
}
