import DutyWorkflow
import Program
import ValidatorAPI

/// The beacon node that validator clients see: listens from the node's first second on.
extension StyxNode {
    func validatorAPI() throws(ConfigurationError) -> ValidatorAPIServer {
        let address = try SocketAddressText(configuration.validatorAPIAddress, flag: "validator-api-address")
        var api = ValidatorAPIConfiguration(host: address.host, port: address.port, nodeVersion: BuildInfo.nodeVersion)
        api.tls = tls
        api.observe = { [metrics = monitoring.metrics.api, doctor, live] request in
            metrics.receive(request)
            doctor.receive(request)
            live?.heardValidatorClient()
        }
        api.wished = { [doctor] in doctor.note($0) }
        var stages: Set<Readiness.Stage> = [.beaconNode, .journal]
        if configuration.signing == .keystores { stages.insert(.keystores) }
        if cluster.asksContracts { stages.insert(.lock) }
        return ValidatorAPIServer(
            configuration: api, keys: KeyTranslation(validators: cluster.keys.shares, own: cluster.keys.own),
            readiness: Readiness(stages), answering: hooks.validatorAPI, logger: topic("vapi"))
    }

    /// Before anything is done for a cluster whose lock contracts have signed.
    ///
    /// - Throws: if they do not confirm it.
    func confirmLock(_ server: ValidatorAPIServer) async throws {
        let warnings = try await cluster.confirm(configuration) { reason in
            logger.warning(
                "waiting for the execution client: contracts signed the lock", metadata: ["reason": "\(reason)"])
            // Without the reason, which names the client's address.
            server.update { $0.note(.lock) }
        }
        warnUnverified(warnings)
        server.update { $0.finish(.lock) }
    }

    /// - Throws: if the address cannot be listened on.
    func serve(_ server: ValidatorAPIServer) async throws {
        let logger = topic("vapi")
        do {
            try await server.run { port in
                hooks.validatorAPIListens(port)
                logger.info(
                    "validator API is listening",
                    metadata: ["port": "\(port)", "tls": "\(tls == nil ? "off" : "on")"])
            }
        } catch let error where !(error is CancellationError) {
            throw ConfigurationError(
                flag: "validator-api-address", address: configuration.validatorAPIAddress, cannotListen: error)
        }
    }
}
