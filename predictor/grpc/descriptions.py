"""What a server and a model say of themselves, as gRPC's messages."""

from collections.abc import Mapping
from typing import Any

import orjson

from open_inference import ModelMetadata, ServerMetadata, metadata
from open_inference.grpc_messages.generated import open_inference_pb2 as messages


def server_metadata(said: ServerMetadata) -> messages.ServerMetadataResponse:
    """ServerMetadata's answer."""
    return messages.ServerMetadataResponse(name=said.name, version=said.version, extensions=said.extensions)


def model_metadata(said: ModelMetadata, card: Mapping[str, Any]) -> messages.ModelMetadataResponse:
    """ModelMetadata's answer; `card` is what GET /metadata says, which V2 has no field for."""
    inputs, outputs = (
        [
            messages.ModelMetadataResponse.TensorMetadata(name=part.name, datatype=part.datatype, shape=part.shape)
            for part in parts
        ]
        for parts in (said.inputs, said.outputs)
    )
    answer = messages.ModelMetadataResponse(
        name=said.name, versions=said.versions, platform=said.platform, inputs=inputs, outputs=outputs
    )
    answer.parameters["card"].string_param = orjson.dumps(card).decode()
    return answer


def model_config(said: metadata.ModelConfig) -> messages.ModelConfigResponse:
    """ModelConfig's answer."""
    config = messages.ModelConfig(
        name=said.name,
        platform=said.platform,
        backend=said.backend,
        max_batch_size=said.max_batch_size,
        input=[messages.ModelInput(name=part.name, data_type=part.data_type, dims=part.dims) for part in said.input],
        output=[messages.ModelOutput(name=part.name, data_type=part.data_type, dims=part.dims) for part in said.output],
    )
    return messages.ModelConfigResponse(config=config)


def statistics(said: metadata.Statistics) -> messages.ModelStatisticsResponse:
    """ModelStatistics' answer."""
    return messages.ModelStatisticsResponse(model_stats=[_model_statistics(model) for model in said.model_stats])


def repository_index(models: tuple[metadata.IndexedModel, ...]) -> messages.RepositoryIndexResponse:
    """RepositoryIndex's answer."""
    return messages.RepositoryIndexResponse(
        models=[messages.RepositoryIndexResponse.ModelIndex(**model.model_dump()) for model in models]
    )


def _model_statistics(said: metadata.ModelStatistics) -> messages.ModelStatistics:
    durations = {
        name: messages.StatisticDuration(count=duration.count, ns=duration.ns)
        for name, duration in said.inference_stats
    }
    return messages.ModelStatistics(
        name=said.name,
        version=said.version,
        last_inference=said.last_inference,
        inference_count=said.inference_count,
        execution_count=said.execution_count,
        inference_stats=messages.InferStatistics(**durations),
    )
