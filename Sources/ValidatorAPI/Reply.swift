import BeaconAPI
import HTTPTypes
import Hummingbird
import NIOCore
import SSZ

/// What an endpoint answers.
enum Reply: Sendable {
    /// 200 without body and content type.
    case empty
    case json(JSONValue, headers: HeaderFields = [:])
    case ssz([UInt8], headers: HeaderFields = [:])
    /// A beacon node's answer as it comes.
    case stream(ProxyResponse)

    var status: Int {
        switch self {
        case .empty, .json, .ssz: 200
        case .stream(let response): response.status
        }
    }
}

/// What is written at once: as each piece is taken it shows that the client reads.
private let pieceBytesMax = 64 << 10

extension ResponseBodyWriter {
    mutating func writeInPieces(_ whole: ByteBuffer) async throws {
        var rest = whole
        while rest.readableBytes > 0, let piece = rest.readSlice(length: min(rest.readableBytes, pieceBytesMax)) {
            try await write(piece)
        }
    }
}

extension Response {
    static func data(
        _ bytes: [UInt8], _ mediaType: String, status: Int = 200, headers: HeaderFields = [:]
    ) -> Response {
        var fields = HTTPFields(headers)
        fields[.contentType] = mediaType
        let whole = ByteBuffer(bytes: bytes)
        let body =
            bytes.count <= pieceBytesMax
            ? ResponseBody(byteBuffer: whole)
            : ResponseBody(contentLength: bytes.count) { writer in
                try await writer.writeInPieces(whole)
                try await writer.finish(nil)
            }
        return Response(status: .init(code: status), headers: fields, body: body)
    }

    static func fault(_ fault: APIFault) -> Response {
        var response = data(fault.body.json().bytes(), MediaType.json, status: fault.status)
        if fault.closesConnection { response.headers[.connection] = "close" }
        if let allowed = fault.allowed { response.headers[.allow] = allowed }
        return response
    }
}

extension HTTPFields {
    init(_ fields: HeaderFields) {
        self.init()
        for field in fields.fields {
            if let name = HTTPField.Name(field.name) { append(HTTPField(name: name, value: field.value)) }
        }
    }

    var headerFields: HeaderFields { HeaderFields(map { HeaderFields.Field($0.name.rawName, $0.value) }) }
}
