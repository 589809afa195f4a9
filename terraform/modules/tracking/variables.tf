variable "name" {
  description = "Name of the place."
  type        = string
}

variable "account_id" {
  description = "AWS account, twelve digits."
  type        = string
}

variable "region" {
  description = "AWS region."
  type        = string
}

variable "vpc_id" {
  description = "The network."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets."
  type        = list(string)
}

variable "domain" {
  description = "The server is mlflow.DOMAIN."
  type        = string
}

variable "listener_arn" {
  description = "Listener of the entrance."
  type        = string
}

variable "entrance_security_group_id" {
  description = "Where requests come from."
  type        = string
}

variable "image" {
  description = "Image `airflow` of inference_image/Dockerfile, which holds the MLflow server, by digest; empty until it was pushed."
  type        = string
}

variable "size" {
  description = "CPU units (1,024 are one core) and MB of the server."
  type        = object({ cpu = number, memory_mb = number })
}

variable "database" {
  description = "Instance class, storage in GB, and whether a second zone stands by."
  type        = object({ class = string, storage_gb = number, multi_az = bool })

  validation {
    condition     = startswith(var.database.class, "db.") && var.database.storage_gb >= 20
    error_message = "Name an instance class such as db.t4g.medium, and 20 GB or more."
  }
}

variable "secrets_version" {
  description = "Raise it by one, and all passwords are new."
  type        = number

  validation {
    condition     = var.secrets_version >= 1 && floor(var.secrets_version) == var.secrets_version
    error_message = "A whole number from 1."
  }
}

variable "artifacts_bucket" {
  description = "Bucket of the artifacts."
  type        = string
}

variable "deletion_protection" {
  description = "Whether the database refuses to be deleted."
  type        = bool
}

variable "key_arn" {
  description = "Key of database, secrets, artifacts and logs."
  type        = string
}

variable "boundary_arn" {
  description = "Permissions boundary of every role."
  type        = string
}
