variable "kubernetes_version" {
  description = "Version of Kubernetes."
  type        = string
  default     = "1.34"
}

variable "base" {
  description = "Nodes that are always there."
  type        = object({ types = list(string), least = number, most = number })
}

variable "labelling" {
  description = "Spot nodes of the labelling pods."
  type        = object({ types = list(string), most = number })
}

variable "label_image" {
  description = "Image of the labelling pods, by digest; empty until it was pushed."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^([^\\s@]+@sha256:[0-9a-f]{64})?$", var.label_image))
    error_message = "An image is named by its digest: REPOSITORY@sha256:..."
  }
}

variable "training_image" {
  description = "Image of experiments, drift reports and the drift board, by digest; empty until it was pushed."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^([^\\s@]+@sha256:[0-9a-f]{64})?$", var.training_image))
    error_message = "An image is named by its digest: REPOSITORY@sha256:..."
  }
}

variable "airflow_image" {
  description = "Image `airflow` of inference_image/Dockerfile, which holds the MLflow server, by digest; empty until it was pushed."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^([^\\s@]+@sha256:[0-9a-f]{64})?$", var.airflow_image))
    error_message = "An image is named by its digest: REPOSITORY@sha256:..."
  }
}

variable "mlflow_size" {
  description = "CPU units (1,024 are one core) and MB of the MLflow server."
  type        = object({ cpu = number, memory_mb = number })
}

variable "database" {
  description = "MLflow's database: class, GB, and whether a second zone stands by."
  type        = object({ class = string, storage_gb = number, multi_az = bool })
}

variable "secrets_version" {
  description = "Raise it by one, and MLflow's passwords are new."
  type        = number
  default     = 1
}
