import BeaconClient
import Ethereum
import Prometheus
import SSZ
import TestSupport
import Testing

@testable import BeaconAPI
@testable import DutyWorkflow
@testable import Libp2p
@testable import Node
@testable import PeerProtocols

@Suite("metrics of a duty's work")
struct WorkMetricsTests {
    private static let clock = SlotClock(
        genesis: Instant(unixSeconds: 1000), slotDuration: .seconds(12), slotsPerEpoch: 4)

    private static func set(_ validators: Int) -> ParSignedDataSet {
        Dictionary(
            uniqueKeysWithValues: (0..<validators).map { number in
                (
                    EntryKey(PubKey(padding: [UInt8(number + 1)])),
                    ParSignedData(data: .randao(.init()), shareIndex: ShareIndex(PeerIndex(0)))
                )
            })
    }

    @Test("arrivals count from the duty's begin, one for each validator")
    func arrivals() async throws {
        let metrics = try NodeFiles().metrics()
        let begin = Self.clock.start(of: Slot(10))
        // A third of the slot, and half a second.
        metrics.work.arrived(
            Duty(slot: 10, type: .attester), Self.set(3), from: PeerIndex(2), Self.clock,
            at: begin + .milliseconds(4500))
        // Signed an epoch ahead.
        metrics.work.arrived(
            Duty(slot: 10, type: .randao), Self.set(1), from: PeerIndex(0), Self.clock, at: begin - .seconds(48))
        metrics.work.arrived(Duty(slot: 10, type: .exit), Self.set(2), from: PeerIndex(0), Self.clock, at: begin)
        let scrape = Scrape(metrics)
        #expect(
            scrape["core_parsigdb_store_sum"] == [
                #"core_parsigdb_store_sum{duty="attester",peer_idx="2"} 1.5"#,
                #"core_parsigdb_store_sum{duty="randao",peer_idx="0"} 0"#,
            ])
        #expect(
            scrape["core_parsigdb_store_count"].first == #"core_parsigdb_store_count{duty="attester",peer_idx="2"} 3"#)
        #expect(
            scrape["core_parsigdb_exit_total"] == [
                #"core_parsigdb_exit_total{pubkey="010_000"} 1"#, #"core_parsigdb_exit_total{pubkey="020_000"} 1"#,
            ])
    }

    @Test(
        "broadcasts count when a beacon node took them, with the delay from when they are due",
        arguments: [
            (DutyType.attester, 5000, 1.0), (.proposer, 700, 0.7), (.syncMessage, 4500, 4.5), (.aggregator, 7000, 0),
        ])
    func broadcasts(type: DutyType, milliseconds: Int, delay: Double) async throws {
        let metrics = try NodeFiles().metrics()
        let duty = Duty(slot: 10, type: type)
        let at = Self.clock.start(of: Slot(10)) + .milliseconds(milliseconds)
        let ended = metrics.work.watch(.broadcast(duty, [:]), Self.clock, now: { at })
        ended(.broadcastFailed(duty, [:], Failure(reason: "x", isTemporary: true)))
        let line = "core_bcast_broadcast_total{duty=\"\(type.name)\"}"
        #expect(Scrape(metrics)["core_bcast_broadcast_total"].contains("\(line) 0"))
        ended(.broadcastSucceeded(duty, []))
        let scrape = Scrape(metrics)
        #expect(scrape["core_bcast_broadcast_total"].contains("\(line) 1"))
        let sum = scrape["core_bcast_broadcast_delay_seconds_sum"].first?.split(separator: " ").last.flatMap {
            Double($0)
        }
        #expect(abs(try #require(sum) - delay) < 1e-9)
    }

    @Test("requests with registrations are counted, and those that failed")
    func registrations() async throws {
        let metrics = try NodeFiles().metrics()
        metrics.work.registered(isTaken: true)
        metrics.work.registered(isTaken: false)
        #expect(
            Scrape(metrics)["core_scheduler_submit_registration"] == [
                "core_scheduler_submit_registration_errors_total 1", "core_scheduler_submit_registration_total 2",
            ])
    }
}

@Suite("metrics of beacon nodes and validators")
struct BeaconMetricsTests {
    private static let clock = SlotClock(
        genesis: Instant(unixSeconds: 1000), slotDuration: .seconds(12), slotsPerEpoch: 4)

    private static func block(_ slot: Slot, _ root: UInt8) throws -> BlockEvent {
        try BlockEvent(json: ["slot": slot.json(), "block": .string("\(Root(padding: [root]))")])
    }

    @Test("events count from their slot's start; processing from gossip to head, by node and block")
    func events() async throws {
        let metrics = try NodeFiles().metrics()
        let (one, other) = (try BeaconNodeAddress("http://one:1"), try BeaconNodeAddress("http://u:p@other:1/key"))
        let start = Self.clock.start(of: Slot(10))
        func receive(_ event: BeaconEvent, _ node: BeaconNodeAddress, _ milliseconds: Int) {
            metrics.beacon.receive(event, from: node, Self.clock, at: start + .milliseconds(milliseconds))
        }
        receive(.blockGossip(try Self.block(10, 7)), one, 1000)
        receive(.blockGossip(try Self.block(10, 7)), one, 1100)
        receive(.block(try Self.block(10, 7)), one, 1250)
        let head: JSONValue = [
            "slot": Slot(10).json(), "block": .string("\(Root(padding: [7]))"), "state": .string("\(Root.zero)"),
            "epoch_transition": false,
        ]
        receive(.head(try HeadEvent(json: head)), other, 1500)
        receive(.head(try HeadEvent(json: head)), one, 1500)
        receive(.head(try HeadEvent(json: head)), one, 1600)
        let scrape = Scrape(metrics)
        #expect(
            scrape["app_beacon_node_sse_head_slot"] == [
                #"app_beacon_node_sse_head_slot{addr="http://one:1"} 10"#,
                #"app_beacon_node_sse_head_slot{addr="http://other:1/…"} 10"#,
            ])
        #expect(
            scrape["app_beacon_node_sse_block_processing_time_sum"] == [
                #"app_beacon_node_sse_block_processing_time_sum{addr="http://one:1"} 0.5"#
            ])
        #expect(
            scrape["app_beacon_node_sse_block_processing_time_count"] == [
                #"app_beacon_node_sse_block_processing_time_count{addr="http://one:1"} 1"#
            ])
        #expect(
            scrape["app_beacon_node_sse_block_gossip_count"] == [
                #"app_beacon_node_sse_block_gossip_count{addr="http://one:1"} 2"#
            ])
    }

    @Test("versions that are no more are forgotten, and nothing in them can end a line")
    func versions() async throws {
        let metrics = try NodeFiles().metrics()
        let node = try BeaconNodeAddress("http://one:1")
        metrics.beacon.note([(node, NodeVersions(beaconNode: "A/1", executionClient: "E/1"))])
        metrics.beacon.note([
            (node, NodeVersions(beaconNode: "B\n\(String(repeating: "x", count: 500))", executionClient: nil))
        ])
        let scrape = Scrape(metrics)
        let name = "B?" + String(repeating: "x", count: 126)
        #expect(
            scrape["app_beacon_node_version"] == [
                "app_beacon_node_version{version=\"\(name)\",beacon_id=\"http://one:1\"} 1"
            ])
        #expect(scrape["app_execution_layer_version"].isEmpty)
        metrics.beacon.note([(node, NodeVersions(beaconNode: "B/1"))], executionClient: "E\n/2")
        #expect(
            Scrape(metrics)["app_execution_layer_version"] == [#"app_execution_layer_version{version="E?/2"} 1"#])
    }

    @Test("a validator's state now is 1, those before are 0")
    func validators() async throws {
        let metrics = try NodeFiles().metrics()
        func row(_ status: ValidatorStatus) -> BeaconValidator {
            var validator = ValidatorRecord()
            validator.pubKey = PubKey(padding: [0xab, 0xcd])
            return BeaconValidator(index: 5, balance: Gwei(32_000_000_001), status: status, validator: validator)
        }
        metrics.validators.note([row(.pendingQueued)])
        #expect(Scrape(metrics)["core_scheduler_validators_active"] == ["core_scheduler_validators_active 0"])
        metrics.validators.note([row(.activeOngoing)])
        let labels = "pubkey_full=\"\(PubKey(padding: [0xab, 0xcd]))\",pubkey=\"abc_000\""
        let scrape = Scrape(metrics)
        #expect(scrape["core_scheduler_validators_active"] == ["core_scheduler_validators_active 1"])
        #expect(
            scrape["core_scheduler_validator_status"] == [
                "core_scheduler_validator_status{\(labels),status=\"active_ongoing\"} 1",
                "core_scheduler_validator_status{\(labels),status=\"pending_queued\"} 0",
            ])
        #expect(
            scrape["core_scheduler_validator_balance_gwei"] == [
                "core_scheduler_validator_balance_gwei{\(labels)} 32000000001"
            ])
    }
}

@Suite("metrics of peers, clients and the process")
struct PeerMetricsTests {
    private static func report(_ nickname: String, startedAt: UInt64) -> PeerReport {
        PeerReport(
            version: "v1.10.3", isSupported: true, gitHash: "abcdef0", startedAt: Instant(unixSeconds: startedAt),
            builderAPI: true, nickname: nickname, client: "charon", clockOffset: .milliseconds(-250),
            lockHashMatches: true, receivedAt: Instant(unixSeconds: startedAt))
    }

    @Test("peers' reports replace those before; this node is among them")
    func peerInfo() async throws {
        let metrics = try NodeFiles().metrics(nickname: "me")
        metrics.peers.note([PeerIndex(0): Self.report("bob", startedAt: 7)])
        metrics.peers.note([PeerIndex(0): Self.report("bobby", startedAt: 8)])
        let scrape = Scrape(metrics)
        #expect(
            scrape["app_peerinfo_nickname"] == [
                #"app_peerinfo_nickname{peer="operator-0",peer_nickname="bobby"} 1"#,
                #"app_peerinfo_nickname{peer="operator-1",peer_nickname="me"} 1"#,
            ])
        #expect(
            scrape["app_peerinfo_dv_client"] == [
                #"app_peerinfo_dv_client{peer="operator-0",dv_client="charon"} 1"#,
                #"app_peerinfo_dv_client{peer="operator-1",dv_client="styx"} 1"#,
            ])
        #expect(
            scrape["app_peerinfo_clock_offset_seconds"] == [
                #"app_peerinfo_clock_offset_seconds{peer="operator-0"} -0.25"#
            ])
        #expect(scrape["app_peerinfo_index"].count == 3)
        #expect(scrape["app_peerinfo_start_time_secs"] == [#"app_peerinfo_start_time_secs{peer="operator-0"} 8"#])
        #expect(scrape["app_peerinfo_version_support"] == [#"app_peerinfo_version_support{peer="operator-0"} 1"#])
    }

    @Test("connections, pings and sends of operators; of others nothing")
    func connections() async throws {
        let files = try NodeFiles()
        let metrics = try files.metrics()
        let cluster = try ClusterContext(files.configuration)
        let (peer, guest) = (cluster.directory[PeerIndex(2)], PeerViewTests.peers[0])
        for id in [peer, guest] {
            metrics.peers.receive(.connected(id, .inbound, nil))
            metrics.peers.receive(.pinged(id, .milliseconds(20)))
        }
        metrics.peers.receive(.pingFailed(peer))
        let link = PeerStatus.Link(
            address: nil, direction: .inbound, path: .direct, isLimited: false, bytesReceived: 1, bytesSent: 1,
            streams: 1)
        metrics.peers.note(
            [PeerViewTests.status(peer, links: [link, link]), PeerViewTests.status(guest, links: [link])], [])
        metrics.peers.receive(
            PeerEvent.sent(PeerIndex(2), protocolID: "/p/1", topic: "qbft_commit", took: .milliseconds(3)))
        let scrape = Scrape(metrics)
        #expect(
            scrape["p2p_peer_connection_total"] == [
                #"p2p_peer_connection_total{peer="operator-0"} 0"#, #"p2p_peer_connection_total{peer="operator-2"} 1"#,
            ])
        #expect(
            scrape["p2p_ping_error_total"] == [
                #"p2p_ping_error_total{peer="operator-0"} 0"#, #"p2p_ping_error_total{peer="operator-2"} 1"#,
            ])
        #expect(scrape["p2p_ping_success"] == [#"p2p_ping_success{peer="operator-2"} 0"#])
        #expect(scrape["p2p_ping_latency_secs_count"] == [#"p2p_ping_latency_secs_count{peer="operator-2"} 1"#])
        #expect(
            scrape["p2p_peer_connection_types"] == [
                #"p2p_peer_connection_types{peer="operator-2",type="direct",protocol="tcp"} 2"#
            ])
        #expect(
            scrape["p2p_send_duration_seconds_count"] == [
                #"p2p_send_duration_seconds_count{peer="operator-2",protocol="/p/1",topic="qbft_commit"} 1"#
            ])
    }

    @Test("only the latest validator client's name shows")
    func userAgent() async throws {
        let metrics = try NodeFiles().metrics()
        metrics.api.note(userAgent: nil)
        #expect(Scrape(metrics)["core_validatorapi_vc_user_agent"].isEmpty)
        for agent in ["Lighthouse/1", "Lodestar/2"] { metrics.api.note(userAgent: agent) }
        #expect(
            Scrape(metrics)["core_validatorapi_vc_user_agent"] == [
                #"core_validatorapi_vc_user_agent{user_agent="Lodestar/2"} 1"#
            ])
    }

    @Test(
        "reads what Linux says of a process, whatever its name",
        arguments: [
            ("1 (styx) S 0 1 1 0 -1 4194560 1 2 3 4 150 50 0 0 20 0 9 0 77 1048576 256 99", 200),
            ("1 (a) b) S 0 1 1 0 -1 4194560 1 2 3 4 1 2 0 0 20 0 9 0 77 1048576 256 99", 3), ("1 (styx) S 0", nil),
            ("", nil),
        ] as [(String, UInt64?)])
    func usage(text: String, ticks: UInt64?) {
        let usage = ProcessMetrics.Usage(stat: text)
        #expect(usage?.cpuTicks == ticks)
        #expect(usage == nil || usage?.virtualBytes == 1 << 20 && usage?.residentPages == 256)
    }
}
