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
  description = "The board is drift.DOMAIN."
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

variable "bucket" {
  description = "Bucket of the lake."
  type        = string
}

variable "prefix" {
  description = "Prefix of the lake's root in its bucket."
  type        = string
}

variable "use_cases" {
  description = "Folders of the use cases."
  type        = set(string)
}

variable "image" {
  description = "The training image, which holds Evidently, by digest; empty until it was pushed."
  type        = string
}

variable "instance_type" {
  description = "Type of the machine."
  type        = string
  default     = "t3.small"
}

variable "key_arn" {
  description = "Key of the secret."
  type        = string
}

variable "boundary_arn" {
  description = "Permissions boundary of every role."
  type        = string
}
