import Ethereum
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import SSZ
import Timing

/// Asks for the token before anything else, bounds the request, and turns whatever happens into an answer.
struct KeymanagerResponder: HTTPResponder {
    let token: BearerToken
    let reception: KeymanagerReception
    let bodyTimeout: Duration
    let logger: Logger

    func respond(to request: Request, context: BasicRequestContext) async throws -> Response {
        var response: Response
        do {
            response = try await answer(request)
        } catch let fault as KeymanagerFault {
            response = Self.json(["message": .string(fault.message)], status: fault.status)
            if let allowed = fault.allowed { response.headers[.allow] = allowed }
            if fault.status == 401 { response.headers[.wwwAuthenticate] = "Bearer" }
            log(request, fault.status, fault.message)
            return response
        } catch {
            log(request, 500, "\(error)")
            return Self.json(["message": "internal error; the node's log says which"], status: 500)
        }
        log(request, response.status.code, nil)
        return response
    }

    private func answer(_ request: Request) async throws -> Response {
        switch token.judge(request.headers[.authorization]) {
        case .allowed: break
        case .missing: throw KeymanagerFault.noToken
        case .wrong: throw KeymanagerFault.wrongToken
        }
        guard let pass = reception.enter() else { throw KeymanagerFault.overloaded }
        defer { withExtendedLifetime(pass) {} }
        let route = try KeymanagerRoute(
            method: request.method.rawValue, path: request.uri.path,
            epoch: request.uri.queryParameters["epoch"].map(String.init))
        let body = route.hasBody ? try await self.body(of: request) : ByteBuffer()
        let backend = try reception.backend()
        switch route {
        case .listKeystores:
            let rows = try await backend.keystores().map { pubKey -> JSONValue in
                ["validating_pubkey": pubKey.json(), "readonly": false]
            }
            return Self.json(["data": .array(rows)])
        case .importKeystores:
            let keystores = try KeystoreImport(RequestBounds.parse(body.readableBytesView))
            return Self.json(try await backend.importKeystores(keystores))
        case .deleteKeystores:
            let pubKeys = try RequestBounds.pubKeys(RequestBounds.parse(body.readableBytesView))
            let (statuses, history) = try await backend.deleteKeystores(pubKeys)
            return Self.json([
                "data": .array(statuses.map(\.json)), "slashing_protection": .string(history.text()),
            ])
        case .listRemoteKeys:
            let rows = try await backend.remoteKeys().map { key -> JSONValue in
                ["pubkey": key.pubKey.json(), "url": .string(key.url), "readonly": false]
            }
            return Self.json(["data": .array(rows)])
        case .importRemoteKeys:
            return Self.json(
                try await backend.importRemoteKeys(RemoteKey.list(RequestBounds.parse(body.readableBytesView))))
        case .deleteRemoteKeys:
            let pubKeys = try RequestBounds.pubKeys(RequestBounds.parse(body.readableBytesView))
            return Self.json(try await backend.deleteRemoteKeys(pubKeys))
        case .get(let setting, let pubKey): return try await get(setting, pubKey, backend)
        case .set(let setting, let pubKey):
            let change = try ValidatorChange(setting, RequestBounds.parse(body.readableBytesView))
            try await backend.set(change, for: pubKey)
            return Self.empty(status: 202)
        case .unset(let setting, let pubKey):
            try await backend.unset(setting, of: pubKey)
            return Self.empty(status: 204)
        case .voluntaryExit(let pubKey, let epoch):
            return Self.json(["data": try await backend.voluntaryExit(pubKey, epoch: epoch).json()])
        }
    }

    private func get(
        _ setting: ValidatorSetting, _ pubKey: PubKey, _ backend: any KeymanagerBackend
    ) async throws -> Response {
        let (name, value): (String, JSONValue) =
            switch setting {
            case .feeRecipient: ("ethaddress", try await backend.feeRecipient(pubKey).json())
            case .gasLimit: ("gas_limit", .string(String(try await backend.gasLimit(pubKey))))
            case .graffiti: ("graffiti", .string(try await backend.graffiti(pubKey)))
            }
        return Self.json(["data": .object(JSONObject([("pubkey", pubKey.json()), (name, value)]))])
    }

    /// The whole body, within its time.
    private func body(of request: Request) async throws -> ByteBuffer {
        let bytesMax = RequestBounds.bodyBytesMax
        if let text = request.headers[.contentLength], let length = Int(text), length > bytesMax {
            throw KeymanagerFault.tooLarge(bytesMax)
        }
        do {
            return try await withDeadline(bodyTimeout) {
                var whole = ByteBuffer()
                for try await chunk in request.body {
                    guard chunk.readableBytes <= bytesMax - whole.readableBytes else {
                        throw KeymanagerFault.tooLarge(bytesMax)
                    }
                    whole.writeImmutableBuffer(chunk)
                }
                return whole
            }
        } catch is DeadlineExceeded {
            throw KeymanagerFault(408, "the body took too long to come")
        }
    }

    private static func json(_ statuses: [KeyStatus]) -> Response {
        json(["data": .array(statuses.map(\.json))])
    }

    private static func json(_ json: JSONValue, status: Int = 200) -> Response {
        Response(
            status: .init(code: status), headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: json.bytes())))
    }

    private static func empty(status: Int) -> Response {
        Response(status: .init(code: status), headers: [.cacheControl: "no-store"])
    }

    private func log(_ request: Request, _ status: Int, _ message: String?) {
        var metadata: Logger.Metadata = [
            "method": "\(request.method.rawValue)", "path": "\(request.uri.path.prefix(200))", "status": "\(status)",
        ]
        if let message { metadata["error"] = "\(message)" }
        logger.log(
            level: status >= 500 || status == 401 || status == 403 ? .warning : .info, "keymanager request",
            metadata: metadata)
    }
}
